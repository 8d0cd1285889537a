package org.keras.secn

/** One tile along one axis, in pixels of the small picture: the network is given those from
 * [start] to [stop], and of its result those from [first] to [last] are kept. */
class Cut(val start: Int, val stop: Int, val first: Int, val last: Int)

/**
 * Tiles along one axis, of [tile] pixels each, that overlap by at least [overlap] at each side.
 *
 * A picture of at most [tile] pixels is one tile. The numbers are those of `cuts` in
 * `keras_secn/upscaling/tiling.py` with `exactly=True`.
 */
fun cuts(length: Int, tile: Int, overlap: Int): List<Cut> {
    if (length <= tile) return listOf(Cut(0, length, 0, length))
    val step = tile - 2 * overlap
    require(overlap >= 0 && step > 0) { "tiles of $tile cannot overlap by $overlap" }
    val count = (length - 2 * overlap + step - 1) / step
    val starts = List(count) { minOf(it * step, length - tile) }
    return starts.mapIndexed { index, start ->
        val first = if (index == 0) 0 else start + overlap
        val last = if (index == count - 1) length else starts[index + 1] + overlap
        Cut(start, start + tile, first, last)
    }
}
