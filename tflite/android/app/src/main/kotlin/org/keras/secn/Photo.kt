package org.keras.secn

import android.content.ContentResolver
import android.content.Context
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Matrix
import android.net.Uri
import androidx.core.content.FileProvider
import androidx.exifinterface.media.ExifInterface
import java.io.File
import java.io.IOException
import java.io.InputStream

/** A photograph, upright; [reduced] if it had more pixels than there was room for. */
class Photo(val bitmap: Bitmap, val reduced: Boolean)

/**
 * Reads a photograph, turned as its EXIF orientation says.
 *
 * @param most pixels that it may have; a larger one is reduced to so many.
 * @throws IOException if it cannot be read.
 */
fun readPhoto(content: ContentResolver, uri: Uri, most: Int): Photo {
    val bounds = BitmapFactory.Options().apply { inJustDecodeBounds = true }
    open(content, uri).use { BitmapFactory.decodeStream(it, null, bounds) }
    if (bounds.outWidth <= 0 || bounds.outHeight <= 0) throw IOException("not a picture")
    val options = BitmapFactory.Options().apply {
        inSampleSize = sampleSize(bounds.outWidth, bounds.outHeight, most)
        inPreferredConfig = Bitmap.Config.ARGB_8888
    }
    val decoded = open(content, uri).use { BitmapFactory.decodeStream(it, null, options) }
        ?: throw IOException("not a picture")
    val (width, height) = fitted(decoded.width, decoded.height, most)
    val small = replace(decoded, Bitmap.createScaledBitmap(decoded, width, height, true))
    val upright = replace(small, turned(small, orientation(content, uri)))
    return Photo(upright, options.inSampleSize > 1 || width != decoded.width)
}

/** Writes a picture where other apps may fetch it, and returns its address for them. */
fun shareable(context: Context, bitmap: Bitmap): Uri {
    val folder = File(context.cacheDir, "shared")
    folder.mkdirs()
    val file = File(folder, "enlarged.jpg")
    file.outputStream().use {
        if (!bitmap.compress(Bitmap.CompressFormat.JPEG, 95, it)) throw IOException("cannot write JPEG")
    }
    return FileProvider.getUriForFile(context, context.packageName + ".share", file)
}

private fun open(content: ContentResolver, uri: Uri): InputStream =
    content.openInputStream(uri) ?: throw IOException("cannot open it")

private fun orientation(content: ContentResolver, uri: Uri): Int = open(content, uri).use {
    ExifInterface(it).getAttributeInt(ExifInterface.TAG_ORIENTATION, ExifInterface.ORIENTATION_NORMAL)
}

private fun turned(bitmap: Bitmap, orientation: Int): Bitmap {
    val (a, b, c, d) = turn(orientation).map { it.toFloat() }
    val matrix = Matrix()
    matrix.setValues(floatArrayOf(a, b, 0f, c, d, 0f, 0f, 0f, 1f))
    return Bitmap.createBitmap(bitmap, 0, 0, bitmap.width, bitmap.height, matrix, false)
}

private fun replace(old: Bitmap, new: Bitmap): Bitmap {
    if (new !== old) old.recycle() // Android returns the same bitmap where nothing changes
    return new
}
