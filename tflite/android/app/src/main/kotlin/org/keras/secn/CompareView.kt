package org.keras.secn

import android.content.Context
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Paint
import android.graphics.RectF
import android.util.AttributeSet
import android.view.MotionEvent
import android.view.View
import kotlin.math.abs

/** A picture before (left of a divider) and after (right of it); both are dragged by a finger. */
class CompareView(context: Context, attributes: AttributeSet?) : View(context, attributes) {
    private val smooth = Paint(Paint.FILTER_BITMAP_FLAG)
    private val line = Paint().apply {
        color = Color.WHITE
        strokeWidth = 2 * resources.displayMetrics.density
    }
    private val reach = 32 * resources.displayMetrics.density
    private val place = RectF()
    private var before: Bitmap? = null
    private var after: Bitmap? = null
    private var frame: Frame? = null
    private var holdsDivider = false
    private var lastX = 0f
    private var lastY = 0f

    init {
        // drawn by the CPU: GPUs refuse bitmaps beyond a size that results exceed
        setLayerType(LAYER_TYPE_SOFTWARE, null)
    }

    /** One pixel of the result on one of the screen, instead of all of it in view. */
    var actual = false
        set(value) {
            field = value
            frame?.actual = value
            invalidate()
        }

    /** Shows a picture, and beside it what became of it, once that is there. */
    fun show(before: Bitmap?, after: Bitmap?) {
        this.before = before
        this.after = after
        arrange()
    }

    override fun onSizeChanged(width: Int, height: Int, oldWidth: Int, oldHeight: Int) {
        super.onSizeChanged(width, height, oldWidth, oldHeight)
        arrange()
    }

    private fun arrange() {
        val picture = after ?: before
        frame = if (picture == null || width == 0 || height == 0) null
        else Frame(width, height, picture.width, picture.height).also { it.actual = actual }
        invalidate()
    }

    override fun onDraw(canvas: Canvas) {
        super.onDraw(canvas)
        val frame = frame ?: return
        val before = before ?: return
        place.set(frame.left, frame.top, frame.right, frame.bottom)
        val after = after
        if (after == null) {
            canvas.drawBitmap(before, null, place, smooth)
            return
        }
        draw(canvas, before, 0f, frame.divider)
        draw(canvas, after, frame.divider, width.toFloat())
        canvas.drawLine(frame.divider, 0f, frame.divider, height.toFloat(), line)
    }

    private fun draw(canvas: Canvas, bitmap: Bitmap, left: Float, right: Float) {
        val saved = canvas.save()
        canvas.clipRect(left, 0f, right, height.toFloat())
        canvas.drawBitmap(bitmap, null, place, smooth)
        canvas.restoreToCount(saved)
    }

    override fun onTouchEvent(event: MotionEvent): Boolean {
        val frame = frame ?: return false
        when (event.actionMasked) {
            MotionEvent.ACTION_DOWN -> holdsDivider = !frame.actual || abs(event.x - frame.divider) < reach
            MotionEvent.ACTION_MOVE ->
                if (holdsDivider) frame.moveDivider(event.x) else frame.pan(event.x - lastX, event.y - lastY)
        }
        lastX = event.x
        lastY = event.y
        invalidate()
        return true
    }

}
