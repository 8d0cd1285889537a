package org.keras.secn

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import androidx.test.ext.junit.runners.AndroidJUnit4
import androidx.test.platform.app.InstrumentationRegistry
import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.math.abs
import org.json.JSONObject
import org.junit.Assert.assertTrue
import org.junit.Assume.assumeTrue
import org.junit.Test
import org.junit.runner.RunWith

/**
 * Runs the parity folder, written to `src/androidTest/assets/parity`, on the device.
 *
 * `tflite/android/parity.py` wrote it; what may differ is in its `parity.json`. Without the folder
 * the test is skipped.
 */
@RunWith(AndroidJUnit4::class)
class ParityTest {
    private val assets = InstrumentationRegistry.getInstrumentation().context.assets

    private fun bytes(name: String) = assets.open("parity/$name").use { it.readBytes() }

    private fun bitmap(name: String): Bitmap {
        val options = BitmapFactory.Options().apply {
            inScaled = false
            inPreferredConfig = Bitmap.Config.ARGB_8888
        }
        val content = bytes(name)
        return BitmapFactory.decodeByteArray(content, 0, content.size, options)
    }

    private fun pixels(bitmap: Bitmap) = IntArray(bitmap.width * bitmap.height).also {
        bitmap.getPixels(it, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height)
    }

    @Test
    fun picturesAreThoseOfTheMachineThatMadeTheFile() {
        val written = assets.list("parity")?.contains("parity.json") ?: false
        assumeTrue("no parity folder: see tflite/android/README.md", written)
        val facts = JSONObject(String(bytes("parity.json")))
        val content = bytes(facts.getString("file"))
        val model = ByteBuffer.allocateDirect(content.size).order(ByteOrder.nativeOrder())
        model.put(content).rewind()
        val tolerance = facts.getJSONObject("tolerance")
        SuperResolver(model, facts.getInt("tile"), facts.getInt("overlap")).use { resolver ->
            val names = facts.getJSONArray("pictures")
            for (index in 0 until names.length()) {
                val name = names.getString(index)
                val expected = pixels(bitmap("${name}_expected.png"))
                val found = pixels(resolver.upscale(bitmap("$name.png")))
                assertTrue("$name: another size", expected.size == found.size)
                var largest = 0
                var sum = 0L
                for (at in expected.indices) {
                    for (shift in intArrayOf(0, 8, 16)) {
                        val one = (expected[at] shr shift) and 0xff
                        val other = (found[at] shr shift) and 0xff
                        largest = maxOf(largest, abs(one - other))
                        sum += abs(one - other)
                    }
                }
                val mean = sum / (3.0 * expected.size)
                assertTrue("$name: largest $largest", largest <= tolerance.getDouble("largest"))
                assertTrue("$name: mean $mean", mean <= tolerance.getDouble("mean"))
            }
        }
    }
}
