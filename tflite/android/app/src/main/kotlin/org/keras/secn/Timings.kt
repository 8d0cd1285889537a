package org.keras.secn

import java.util.Locale

/** How long a picture took, in nanoseconds: opening the file, each tile, and all of it. */
class Timings(private val opening: Long, private val tiles: List<Long>, private val all: Long) {
    /** The median over tiles: the first is slower, it fills caches. */
    val perTile: Double
        get() {
            if (tiles.isEmpty()) return 0.0
            val sorted = tiles.sorted()
            val middle = sorted.size / 2
            val nanoseconds =
                if (sorted.size % 2 == 1) sorted[middle].toDouble() else (sorted[middle - 1] + sorted[middle]) / 2.0
            return nanoseconds / 1e6
        }

    /** Lines of `name: value`, after those of [facts]. */
    fun report(facts: List<Pair<String, String>>): String {
        val times = listOf(
            "tiles" to tiles.size.toString(),
            "milliseconds per tile (median)" to milliseconds(perTile),
            "milliseconds of the first tile" to milliseconds((tiles.firstOrNull() ?: 0L) / 1e6),
            "milliseconds to open the file" to milliseconds(opening / 1e6),
            "milliseconds in all" to milliseconds(all / 1e6)
        )
        return (facts + times).joinToString("\n") { "${it.first}: ${it.second}" }
    }

    private fun milliseconds(value: Double) = String.format(Locale.ROOT, "%.1f", value)
}
