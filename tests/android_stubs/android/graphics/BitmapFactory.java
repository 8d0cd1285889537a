package android.graphics;

import java.io.InputStream;

public class BitmapFactory {
    public static class Options {
        public boolean inJustDecodeBounds, inScaled;
        public int inSampleSize, outWidth, outHeight;
        public Bitmap.Config inPreferredConfig;
    }

    public static Bitmap decodeStream(InputStream stream, Rect padding, Options options) { return null; }

    public static Bitmap decodeByteArray(byte[] data, int offset, int length, Options options) { return null; }
}
