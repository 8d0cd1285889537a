package org.keras.secn

import android.content.ClipData
import android.content.ClipboardManager
import android.content.Context
import android.content.Intent
import android.graphics.Bitmap
import android.net.Uri
import android.os.Build
import android.os.Bundle
import android.view.View
import android.view.WindowManager
import android.widget.Button
import android.widget.ProgressBar
import android.widget.Switch
import android.widget.TextView
import android.widget.Toast
import android.widget.ToggleButton
import androidx.activity.ComponentActivity
import androidx.activity.result.PickVisualMediaRequest
import androidx.activity.result.contract.ActivityResultContracts.PickVisualMedia
import java.io.IOException
import java.util.concurrent.CancellationException
import java.util.concurrent.Executors

/** Pixels of a result: 24 million take 96 MB, beside a quarter of that for the photograph. */
private const val LARGEST_RESULT = 24_000_000

/** Picks a photograph, enlarges it, compares the two, shares the result and tells the times. */
class MainActivity : ComponentActivity() {
    private val worker = Executors.newSingleThreadExecutor()
    private val picker = registerForActivityResult(PickVisualMedia()) { uri: Uri? ->
        if (uri != null) start(uri)
    }

    @Volatile
    private var cancelled = false
    private var picked: Uri? = null
    private var result: Bitmap? = null
    private var report = ""

    private lateinit var compare: CompareView
    private lateinit var progress: ProgressBar
    private lateinit var status: TextView
    private lateinit var pick: Button
    private lateinit var cancel: Button
    private lateinit var gpu: Switch
    private lateinit var actual: ToggleButton
    private lateinit var share: Button
    private lateinit var copy: Button

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.main)
        compare = findViewById(R.id.compare)
        progress = findViewById(R.id.progress)
        status = findViewById(R.id.status)
        pick = findViewById(R.id.pick)
        cancel = findViewById(R.id.cancel)
        gpu = findViewById(R.id.gpu)
        actual = findViewById(R.id.actual)
        share = findViewById(R.id.share)
        copy = findViewById(R.id.copy)
        pick.setOnClickListener {
            picker.launch(PickVisualMediaRequest.Builder().setMediaType(PickVisualMedia.ImageOnly).build())
        }
        cancel.setOnClickListener { cancelled = true }
        // the same photograph again, on the other processor
        gpu.setOnCheckedChangeListener { _, _ -> picked?.let { start(it) } }
        actual.setOnCheckedChangeListener { _, on -> compare.actual = on }
        share.setOnClickListener { share() }
        copy.setOnClickListener { copy() }
    }

    override fun onDestroy() {
        cancelled = true
        worker.shutdown()
        super.onDestroy()
    }

    private fun start(uri: Uri) {
        picked = uri
        cancelled = false
        working(true)
        compare.show(null, null)
        result = null
        status.setText(R.string.reading)
        progress.progress = 0
        val onGpu = gpu.isChecked
        worker.execute {
            val message = try {
                enlarge(uri, onGpu)
            } catch (error: CancellationException) {
                getString(R.string.cancelled)
            } catch (error: IOException) {
                getString(R.string.unreadable, error.message ?: "")
            } catch (error: SecurityException) { // the picker lends a photograph for a while only
                getString(R.string.unreadable, error.message ?: "")
            } catch (error: RuntimeException) {
                getString(R.string.failed, error.toString())
            } catch (error: OutOfMemoryError) {
                getString(R.string.failed, error.toString())
            }
            onScreen {
                status.text = message
                working(false)
            }
        }
    }

    /** On the worker's thread: enlarges a photograph and returns what to say about it. */
    private fun enlarge(uri: Uri, onGpu: Boolean): String {
        val began = System.nanoTime()
        Engine.open(assets, onGpu).use { engine ->
            val opening = System.nanoTime() - began
            val resolver = engine.resolver
            val photo = readPhoto(contentResolver, uri, LARGEST_RESULT / (resolver.scale * resolver.scale))
            val small = photo.bitmap
            onScreen { compare.show(small, null) }
            val tiles = ArrayList<Long>()
            val started = System.nanoTime()
            val large = resolver.upscale(small) { done, total, nanoseconds ->
                tiles.add(nanoseconds)
                onScreen {
                    progress.max = total
                    progress.progress = done
                    status.text = getString(R.string.progress, done, total)
                }
                !cancelled
            }
            val timings = Timings(opening, tiles, System.nanoTime() - started)
            val text = timings.report(facts(engine, small))
            onScreen {
                result = large
                report = text
                compare.show(small, large)
            }
            val notes = ArrayList<String>()
            if (engine.refusal != null) notes.add(getString(R.string.gpu_refused, engine.refusal))
            if (photo.reduced) notes.add(getString(R.string.reduced, small.width, small.height))
            return (notes + text).joinToString("\n")
        }
    }

    private fun facts(engine: Engine, small: Bitmap) = listOf(
        "device" to "${Build.MANUFACTURER} ${Build.MODEL}, ${Build.HARDWARE}, Android ${Build.VERSION.RELEASE}",
        "file" to engine.file,
        "processor" to engine.processor,
        "photograph" to "${small.width} x ${small.height}",
        "tile" to "${engine.resolver.tileWidth} x ${engine.resolver.tileHeight}"
    )

    private fun share() {
        val picture = result ?: return
        working(true)
        worker.execute {
            try {
                val uri = shareable(this, picture)
                onScreen { offer(uri) }
            } catch (error: IOException) {
                onScreen { status.text = getString(R.string.failed, error.message ?: "") }
            }
            onScreen { working(false) }
        }
    }

    private fun offer(uri: Uri) {
        val intent = Intent(Intent.ACTION_SEND)
        intent.type = "image/jpeg"
        intent.putExtra(Intent.EXTRA_STREAM, uri)
        intent.clipData = ClipData.newRawUri(null, uri) // for the chooser's preview
        intent.addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION)
        startActivity(Intent.createChooser(intent, getString(R.string.share)))
    }

    private fun copy() {
        val clipboard = getSystemService(Context.CLIPBOARD_SERVICE) as ClipboardManager
        clipboard.setPrimaryClip(ClipData.newPlainText(getString(R.string.app), report))
        Toast.makeText(this, R.string.copied, Toast.LENGTH_SHORT).show()
    }

    /** Switches the controls; the screen stays on while a picture is being made. */
    private fun working(busy: Boolean) {
        progress.visibility = if (busy) View.VISIBLE else View.INVISIBLE
        pick.isEnabled = !busy
        gpu.isEnabled = !busy
        cancel.isEnabled = busy
        val done = !busy && result != null
        share.isEnabled = done
        actual.isEnabled = done
        copy.isEnabled = done
        if (busy) window.addFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON)
        else window.clearFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON)
    }

    private fun onScreen(action: () -> Unit) = runOnUiThread { if (!isDestroyed) action() }
}
