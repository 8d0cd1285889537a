package org.keras.secn

import kotlin.math.sqrt

/**
 * What an EXIF orientation of 1 to 8 does to a pixel's place: `x' = a x + b y`, `y' = c x + d y`,
 * up to a shift that puts the picture's corner back to 0.
 *
 * @return a, b, c and d; those of 1 for a value that EXIF does not know.
 */
fun turn(orientation: Int): IntArray = when (orientation) {
    2 -> intArrayOf(-1, 0, 0, 1)
    3 -> intArrayOf(-1, 0, 0, -1)
    4 -> intArrayOf(1, 0, 0, -1)
    5 -> intArrayOf(0, 1, 1, 0)
    6 -> intArrayOf(0, -1, 1, 0)
    7 -> intArrayOf(0, -1, -1, 0)
    8 -> intArrayOf(0, 1, -1, 0)
    else -> intArrayOf(1, 0, 0, 1)
}

/** The largest power of two by which a picture can be subsampled and keep [most] pixels. */
fun sampleSize(width: Int, height: Int, most: Int): Int {
    var size = 1
    while ((width / (2 * size)).toLong() * (height / (2 * size)) >= most) size *= 2
    return size
}

/** (width, height) of the largest picture of the same shape with at most [most] pixels. */
fun fitted(width: Int, height: Int, most: Int): Pair<Int, Int> {
    if (width.toLong() * height <= most) return Pair(width, height)
    val factor = sqrt(most / (width.toDouble() * height))
    // a strip narrower than a pixel stays one pixel wide, and gets shorter
    val short = maxOf(1, (minOf(width, height) * factor).toInt())
    val long = minOf((maxOf(width, height) * factor).toInt(), most / short)
    return if (width < height) Pair(short, long) else Pair(long, short)
}
