package org.keras.secn

import android.graphics.Bitmap
import java.io.Closeable
import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.math.max
import kotlin.math.min
import org.tensorflow.lite.Delegate
import org.tensorflow.lite.Interpreter

/**
 * Enlarges bitmaps with a `.tflite` file that `tflite/convert.py` wrote with uint8 pixels (its
 * default) and dynamic size, or a size of [tile] x [tile].
 *
 * The picture goes through in overlapping tiles, so that memory stays bounded and the interpreter
 * allocates once. Not safe for use by several threads at a time.
 *
 * @param model the file's content, for example mapped from the assets.
 * @param tile side of a tile in pixels of the small picture.
 * @param overlap pixels by which tiles overlap at each side; as many as the network sees.
 * @param delegate for example a GpuDelegate; the CPU (XNNPACK) if null. Close it after this object.
 */
class SuperResolver(
    model: ByteBuffer,
    private val tile: Int = 128,
    private val overlap: Int = 16,
    threads: Int = 4,
    delegate: Delegate? = null
) : Closeable {
    private val interpreter: Interpreter
    private val input: ByteBuffer
    private val output: ByteBuffer

    /** How many times higher and wider the result is. */
    val scale: Int

    init {
        require(overlap in 0 until (tile + 1) / 2) { "tiles of $tile cannot overlap by $overlap" }
        val options = Interpreter.Options().setNumThreads(threads)
        if (delegate != null) options.addDelegate(delegate)
        interpreter = Interpreter(model, options)
        interpreter.resizeInput(0, intArrayOf(1, tile, tile, 3))
        interpreter.allocateTensors()
        val bytes = tile * tile * 3
        require(interpreter.getInputTensor(0).numBytes() == bytes) { "not a file of uint8 pixels" }
        input = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder())
        val shape = interpreter.getOutputTensor(0).shape()
        scale = shape[1] / tile
        require(scale >= 2 && shape[3] == 3) { "not a super-resolution network" }
        output = ByteBuffer.allocateDirect(bytes * scale * scale).order(ByteOrder.nativeOrder())
    }

    /** Returns [bitmap] enlarged [scale] times; alpha is dropped. */
    fun upscale(bitmap: Bitmap): Bitmap {
        val width = bitmap.width
        val height = bitmap.height
        val pixels = IntArray(width * height)
        bitmap.getPixels(pixels, 0, width, 0, 0, width, height)
        val result = Bitmap.createBitmap(width * scale, height * scale, Bitmap.Config.ARGB_8888)
        val row = IntArray(tile * scale)
        for ((top, keepY) in cuts(max(height, tile))) {
            for ((left, keepX) in cuts(max(width, tile))) {
                load(pixels, width, height, top, left)
                output.rewind()
                interpreter.run(input, output)
                store(result, row, top, left, keepY, keepX)
            }
        }
        return result
    }

    override fun close() = interpreter.close()

    /** Where the tiles of one axis start, and from which of its pixels on each is kept. */
    private fun cuts(size: Int): List<Pair<Int, Int>> {
        val starts = (0 until size - tile step tile - 2 * overlap) + (size - tile)
        return starts.map { Pair(it, if (it == 0) 0 else overlap) }
    }

    private fun load(pixels: IntArray, width: Int, height: Int, top: Int, left: Int) {
        input.rewind()
        for (y in top until top + tile) {
            val line = min(y, height - 1) * width // beyond the border its pixels are repeated
            for (x in left until left + tile) {
                val pixel = pixels[line + min(x, width - 1)]
                input.put((pixel shr 16).toByte()).put((pixel shr 8).toByte()).put(pixel.toByte())
            }
        }
        input.rewind()
    }

    private fun store(result: Bitmap, row: IntArray, top: Int, left: Int, keepY: Int, keepX: Int) {
        val side = tile * scale
        val from = keepX * scale
        val count = min(side, result.width - left * scale) - from
        val rows = min(side, result.height - top * scale)
        if (count <= 0) return
        for (y in keepY * scale until rows) {
            var at = (y * side + from) * 3
            for (x in 0 until count) {
                val red = output.get(at++).toInt() and 0xff
                val green = output.get(at++).toInt() and 0xff
                val blue = output.get(at++).toInt() and 0xff
                row[x] = (0xff shl 24) or (red shl 16) or (green shl 8) or blue
            }
            result.setPixels(row, 0, side, left * scale + from, top * scale + y, count, 1)
        }
    }
}
