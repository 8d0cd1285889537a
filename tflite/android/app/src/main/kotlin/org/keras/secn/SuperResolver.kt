package org.keras.secn

import android.graphics.Bitmap
import java.io.Closeable
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.concurrent.CancellationException
import org.tensorflow.lite.DataType
import org.tensorflow.lite.Delegate
import org.tensorflow.lite.Interpreter
import org.tensorflow.lite.Tensor

/**
 * Enlarges bitmaps with a super-resolution `.tflite` file of uint8, int8 or float32 pixels (RGB of
 * 0 to 255), of dynamic or fixed size.
 *
 * The picture goes through in overlapping tiles: beside the two bitmaps, memory for one tile is
 * needed, and the interpreter allocates once. Create, use and close it on one thread, as GPU
 * delegates want it.
 *
 * @param model the file's content, for example mapped from the assets.
 * @param tile side of a tile in pixels of the small picture; a file of fixed size has its own.
 * @param overlap pixels by which tiles overlap at each side; as many as the network sees.
 * @param delegate for example a GpuDelegate; the CPU (XNNPACK) if null. Close it after this object.
 * @throws IllegalArgumentException if this is no super-resolution file, or the delegate refuses it.
 */
class SuperResolver(
    model: ByteBuffer,
    tile: Int = 128,
    overlap: Int = 16,
    threads: Int = 4,
    delegate: Delegate? = null
) : Closeable {
    private val interpreter: Interpreter
    private val overlap: Int
    private val inputLevels: Levels
    private val outputLevels: Levels
    private val input: ByteBuffer
    private val output: ByteBuffer
    private val small: IntArray
    private val large: IntArray

    /** How many times higher and wider the result is. */
    val scale: Int

    /** What the network is given at a time, in pixels of the small picture. */
    val tileWidth: Int
    val tileHeight: Int

    init {
        val options = Interpreter.Options().setNumThreads(threads)
        if (delegate != null) options.addDelegate(delegate)
        interpreter = Interpreter(model, options)
        try {
            val signature = interpreter.getInputTensor(0).shapeSignature()
            require(signature.size == 4 && signature[3] == 3) { "not a super-resolution network" }
            val fixed = signature[1] > 0 && signature[2] > 0
            tileHeight = if (fixed) signature[1] else tile
            tileWidth = if (fixed) signature[2] else tile
            val most = (minOf(tileWidth, tileHeight) - 1) / 2
            this.overlap = if (fixed) minOf(overlap, most) else overlap
            require(this.overlap in 0..most) { "tiles of $tile cannot overlap by $overlap" }
            // a delegate may have taken the graph for good: a size that fits is left alone
            if (!fixed) interpreter.resizeInput(0, intArrayOf(1, tile, tile, 3))
            interpreter.allocateTensors()
            val shape = interpreter.getOutputTensor(0).shape()
            require(shape.size == 4 && shape[3] == 3) { "not a super-resolution network" }
            scale = shape[1] / tileHeight
            require(scale >= 2 && shape[1] == tileHeight * scale && shape[2] == tileWidth * scale) {
                "not a super-resolution network"
            }
            inputLevels = levels(interpreter.getInputTensor(0))
            outputLevels = levels(interpreter.getOutputTensor(0))
            small = IntArray(tileWidth * tileHeight)
            large = IntArray(small.size * scale * scale)
            input = buffer(small.size * 3 * inputLevels.bytes)
            output = buffer(large.size * 3 * outputLevels.bytes)
        } catch (error: Throwable) { // no memory for a tile, for example
            interpreter.close()
            throw error
        }
    }

    /**
     * Returns [bitmap] enlarged [scale] times; alpha is dropped. The result takes 4 bytes a pixel.
     *
     * @param bitmap pixels that can be read: not of `Bitmap.Config.HARDWARE`.
     * @param onTile is told after each tile how many are done, of how many, and the nanoseconds
     *     that the last one took; it returns whether to go on.
     * @throws CancellationException if [onTile] returned false.
     * @throws IllegalArgumentException if the bitmap's pixels cannot be read.
     * @throws OutOfMemoryError if there is no memory for the result.
     */
    @JvmOverloads
    fun upscale(
        bitmap: Bitmap,
        onTile: (done: Int, total: Int, nanoseconds: Long) -> Boolean = { _, _, _ -> true }
    ): Bitmap {
        // by its name: Android has it from version 8 on
        require(bitmap.config?.name != "HARDWARE") {
            "the bitmap is in the GPU's memory: decode it with inPreferredConfig = ARGB_8888, or copy it" +
                " by bitmap.copy(Bitmap.Config.ARGB_8888, false)"
        }
        val rows = cuts(bitmap.height, tileHeight, overlap)
        val columns = cuts(bitmap.width, tileWidth, overlap)
        val result = Bitmap.createBitmap(bitmap.width * scale, bitmap.height * scale, Bitmap.Config.ARGB_8888)
        try {
            var done = 0
            for (row in rows) {
                for (column in columns) {
                    val began = System.nanoTime()
                    load(bitmap, row, column)
                    output.rewind()
                    interpreter.run(input, output)
                    store(result, row, column)
                    done++
                    val goOn = onTile(done, rows.size * columns.size, System.nanoTime() - began)
                    if (!goOn) throw CancellationException()
                }
            }
        } catch (error: Throwable) {
            result.recycle()
            throw error
        }
        return result
    }

    override fun close() = interpreter.close()

    private fun load(bitmap: Bitmap, row: Cut, column: Cut) {
        val width = column.stop - column.start
        val height = row.stop - row.start
        bitmap.getPixels(small, 0, width, column.start, row.start, width, height)
        pack(small, width, height, tileWidth, tileHeight, inputLevels, input)
    }

    private fun store(result: Bitmap, row: Cut, column: Cut) {
        val width = (column.last - column.first) * scale
        val height = (row.last - row.first) * scale
        val left = (column.first - column.start) * scale
        val top = (row.first - row.start) * scale
        for (y in 0 until height) {
            unpack(output, (top + y) * tileWidth * scale + left, width, outputLevels, large, y * width)
        }
        result.setPixels(large, 0, width, column.first * scale, row.first * scale, width, height)
    }

    private fun levels(tensor: Tensor): Levels {
        val type = tensor.dataType()
        if (type == DataType.FLOAT32) return FloatLevels
        require(type == DataType.UINT8 || type == DataType.INT8) { "pixels of type $type" }
        val grid = tensor.quantizationParams()
        return ByteLevels(type == DataType.INT8, grid.scale, grid.zeroPoint)
    }

    private fun buffer(bytes: Int) = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder())
}
