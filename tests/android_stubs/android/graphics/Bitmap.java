package android.graphics;

import java.io.OutputStream;

/** As much of Android's class as the app uses, over an array. */
public final class Bitmap {
    public enum Config { ARGB_8888, HARDWARE }

    public enum CompressFormat { JPEG }

    /** The one that was created last. */
    public static Bitmap newest;

    private final int[] pixels;
    private final int width, height;
    private final Config config;
    private boolean recycled;

    private Bitmap(int width, int height, Config config) {
        this.width = width;
        this.height = height;
        this.config = config;
        pixels = new int[width * height];
    }

    public static Bitmap createBitmap(int width, int height, Config config) {
        return newest = new Bitmap(width, height, config);
    }

    public static Bitmap createBitmap(
            Bitmap from, int x, int y, int width, int height, Matrix matrix, boolean smooth) {
        return from;
    }

    public static Bitmap createScaledBitmap(Bitmap from, int width, int height, boolean smooth) {
        return from;
    }

    public boolean compress(CompressFormat format, int quality, OutputStream to) { return true; }

    public void recycle() { recycled = true; }

    public boolean isRecycled() { return recycled; }

    public Config getConfig() { return config; }

    public int getWidth() { return width; }

    public int getHeight() { return height; }

    public void getPixels(int[] to, int offset, int stride, int x, int y, int w, int h) {
        if (config == Config.HARDWARE) throw new IllegalStateException("cannot read a hardware bitmap");
        check(x, y, w, h);
        for (int row = 0; row < h; row++)
            System.arraycopy(pixels, (y + row) * width + x, to, offset + row * stride, w);
    }

    public void setPixels(int[] from, int offset, int stride, int x, int y, int w, int h) {
        check(x, y, w, h);
        for (int row = 0; row < h; row++)
            System.arraycopy(from, offset + row * stride, pixels, (y + row) * width + x, w);
    }

    private void check(int x, int y, int w, int h) {
        if (x < 0 || y < 0 || w < 0 || h < 0 || x + w > width || y + h > height)
            throw new IllegalArgumentException("outside the bitmap");
    }
}
