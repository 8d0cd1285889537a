package org.keras.secn

import java.nio.ByteBuffer
import kotlin.math.floor

/** How a tensor holds gray levels of 0 to 255. */
sealed class Levels(val bytes: Int) {
    /** Appends a level of 0 to 255 to a tensor's buffer. */
    abstract fun put(level: Int, to: ByteBuffer)

    /** The level of a tensor's value number [index], rounded and clipped to 0 to 255. */
    abstract fun get(from: ByteBuffer, index: Int): Int
}

/** Floats of 0 to 255. */
object FloatLevels : Levels(4) {
    override fun put(level: Int, to: ByteBuffer) {
        to.putFloat(level.toFloat())
    }

    override fun get(from: ByteBuffer, index: Int) =
        floor(from.getFloat(4 * index) + 0.5f).toInt().coerceIn(0, 255)
}

/**
 * Bytes: the value that byte `b` stands for is `step * (b - zero)`, as the tensor's quantization
 * says. A tensor that holds no more than about 1 has white at 1, any other at 255; a [step] of 0
 * means that bytes are levels.
 */
class ByteLevels(signed: Boolean, step: Float, zero: Int) : Levels(1) {
    private val encoded = ByteArray(256)
    private val decoded = IntArray(256)

    init {
        val lowest = if (signed) -128 else 0
        val highest = lowest + 255
        val size = (if (step > 0f) step else 1f).toDouble()
        val origin = if (step > 0f) zero else lowest
        val white = if ((highest - origin) * size < 1.5) 1.0 else 255.0
        val toLevels = (size * 255 / white).toFloat()
        for (level in 0..255) {
            val nearest = floor(level * (white / 255) / size + 0.5).toInt() + origin
            encoded[level] = nearest.coerceIn(lowest, highest).toByte()
            val value = lowest + level
            decoded[value and 0xff] =
                floor((value - origin) * toLevels + 0.5f).toInt().coerceIn(0, 255)
        }
    }

    override fun put(level: Int, to: ByteBuffer) {
        to.put(encoded[level])
    }

    override fun get(from: ByteBuffer, index: Int) = decoded[from.get(index).toInt() and 0xff]
}

/**
 * Fills [to] with a tile's RGB values.
 *
 * @param pixels ARGB of [width] x [height] pixels; their last column and row are repeated until
 *     the tile of [tileWidth] x [tileHeight] is full.
 */
fun pack(pixels: IntArray, width: Int, height: Int, tileWidth: Int, tileHeight: Int, levels: Levels, to: ByteBuffer) {
    to.rewind()
    for (y in 0 until tileHeight) {
        val line = minOf(y, height - 1) * width
        for (x in 0 until tileWidth) {
            val pixel = pixels[line + minOf(x, width - 1)]
            levels.put((pixel shr 16) and 0xff, to)
            levels.put((pixel shr 8) and 0xff, to)
            levels.put(pixel and 0xff, to)
        }
    }
    to.rewind()
}

/** Writes [count] opaque pixels, from number [first] of a tensor on, to [to] at [at]. */
fun unpack(from: ByteBuffer, first: Int, count: Int, levels: Levels, to: IntArray, at: Int) {
    var index = first * 3
    for (x in at until at + count) {
        val red = levels.get(from, index++)
        val green = levels.get(from, index++)
        val blue = levels.get(from, index++)
        to[x] = (0xff shl 24) or (red shl 16) or (green shl 8) or blue
    }
}
