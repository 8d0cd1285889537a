package org.keras.secn

/**
 * Where a picture of [width] x [height] stands in a view, and where the divider between its two
 * states is: on the left of it is before, on the right after.
 */
class Frame(val viewWidth: Int, val viewHeight: Int, val width: Int, val height: Int) {
    /** One pixel of the picture on one of the screen, instead of all of the picture in view. */
    var actual = false
        set(value) {
            field = value
            shiftX = 0f
            shiftY = 0f
            moveDivider(divider)
        }

    /** The divider's x in the view; always over the picture. */
    var divider = viewWidth / 2f
        private set

    private var shiftX = 0f
    private var shiftY = 0f

    val zoom: Float
        get() = if (actual) 1f else minOf(viewWidth / width.toFloat(), viewHeight / height.toFloat())
    val left: Float get() = (viewWidth - width * zoom) / 2 + shiftX
    val top: Float get() = (viewHeight - height * zoom) / 2 + shiftY
    val right: Float get() = left + width * zoom
    val bottom: Float get() = top + height * zoom

    fun moveDivider(x: Float) {
        divider = x.coerceIn(maxOf(left, 0f), minOf(right, viewWidth.toFloat()))
    }

    /** Moves the picture, no further than to its edges. */
    fun pan(x: Float, y: Float) {
        shiftX = limited(shiftX + x, width * zoom - viewWidth)
        shiftY = limited(shiftY + y, height * zoom - viewHeight)
        moveDivider(divider)
    }

    private fun limited(shift: Float, hidden: Float): Float {
        val most = maxOf(0f, hidden / 2)
        return shift.coerceIn(-most, most)
    }
}
