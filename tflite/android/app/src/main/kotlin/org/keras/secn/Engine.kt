package org.keras.secn

import android.content.res.AssetManager
import java.io.Closeable
import java.io.FileInputStream
import java.io.FileNotFoundException
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import org.tensorflow.lite.gpu.GpuDelegate

/** A network of the assets on the processor that was asked for, or on the CPU if that refuses it. */
class Engine private constructor(
    val resolver: SuperResolver,
    /** The asset's name. */
    val file: String,
    private val delegate: GpuDelegate?,
    /** Why the GPU did not take the network, if it was asked. */
    val refusal: String?
) : Closeable {
    val processor: String get() = if (delegate == null) "CPU" else "GPU"

    override fun close() {
        resolver.close()
        delegate?.close()
    }

    companion object {
        /** Opens the network in the folder `cpu`, or for the GPU that in `gpu`, if there is one. */
        fun open(assets: AssetManager, gpu: Boolean): Engine {
            if (!gpu) return onCpu(assets, null)
            return try {
                onGpu(assets)
            } catch (error: RuntimeException) {
                onCpu(assets, error.message ?: error.toString())
            } catch (error: LinkageError) { // no driver for this processor in the package
                onCpu(assets, error.message ?: error.toString())
            }
        }

        private fun onGpu(assets: AssetManager): Engine {
            val file = model(assets, "gpu") ?: cpuModel(assets)
            val content = map(assets, file)
            val delegate = GpuDelegate()
            try {
                return Engine(SuperResolver(content, delegate = delegate), name(file), delegate, null)
            } catch (error: Throwable) {
                delegate.close()
                throw error
            }
        }

        private fun onCpu(assets: AssetManager, refusal: String?): Engine {
            val file = cpuModel(assets)
            val threads = minOf(4, Runtime.getRuntime().availableProcessors())
            return Engine(SuperResolver(map(assets, file), threads = threads), name(file), null, refusal)
        }

        private fun cpuModel(assets: AssetManager) =
            model(assets, "cpu") ?: throw FileNotFoundException("no .tflite file in the package")

        private fun model(assets: AssetManager, folder: String): String? {
            val name = assets.list(folder)?.firstOrNull { it.endsWith(".tflite") }
            return if (name == null) null else "$folder/$name"
        }

        private fun name(file: String) = file.substringAfterLast('/')

        private fun map(assets: AssetManager, file: String): ByteBuffer =
            assets.openFd(file).use { asset ->
                FileInputStream(asset.fileDescriptor).use {
                    it.channel.map(FileChannel.MapMode.READ_ONLY, asset.startOffset, asset.declaredLength)
                }
            }
    }
}
