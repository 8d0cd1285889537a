import android.graphics.Bitmap;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.keras.secn.SuperResolver;
import org.tensorflow.lite.Interpreter;

/** Tiles against the whole picture: for many sizes and tiles, the pixels must be the same. */
final class Tiles {
    public static void main(String[] arguments) {
        int[][] sizes = {{64, 64}, {65, 64}, {64, 67}, {100, 131}, {300, 20}, {7, 150}, {200, 199}};
        for (int[] size : sizes)
            for (int tile : new int[] {16, 33, 64}) {
                Bitmap bitmap = noise(size[0], size[1]);
                int[] tiled = upscale(bitmap, tile, Interpreter.RADIUS);
                // a tile that holds all of it, with the border that small pictures get
                int[] whole = upscale(bitmap, Math.max(size[0], size[1]) + 8, Interpreter.RADIUS);
                compare(tiled, whole, size, tile);
            }
        // the comparison is worth something: too small an overlap shows
        Bitmap bitmap = noise(100, 100);
        if (Arrays.equals(upscale(bitmap, 33, 1), upscale(bitmap, 108, 1)))
            throw new AssertionError("seams were not noticed");
        for (int overlap : new int[] {-1, 16})
            try {
                new SuperResolver(ByteBuffer.allocate(0), 32, overlap, 1, null);
                throw new AssertionError("overlap " + overlap + " was taken");
            } catch (IllegalArgumentException expected) {
                // tiles would not meet
            }
        System.out.println("tiles equal the whole");
    }

    private static int[] upscale(Bitmap bitmap, int tile, int overlap) {
        SuperResolver resolver = new SuperResolver(ByteBuffer.allocate(0), tile, overlap, 1, null);
        Bitmap result = resolver.upscale(bitmap);
        resolver.close();
        int width = result.getWidth(), height = result.getHeight();
        if (width != 2 * bitmap.getWidth() || height != 2 * bitmap.getHeight())
            throw new AssertionError("another size");
        int[] pixels = new int[width * height];
        result.getPixels(pixels, 0, width, 0, 0, width, height);
        return pixels;
    }

    /** Borders of the picture differ where a tile repeats them and the network pads: left out. */
    private static void compare(int[] tiled, int[] whole, int[] size, int tile) {
        int width = 2 * size[0], height = 2 * size[1];
        int right = size[0] < tile ? 0 : 2 * Interpreter.RADIUS;
        int bottom = size[1] < tile ? 0 : 2 * Interpreter.RADIUS;
        for (int y = 0; y < height - bottom; y++)
            for (int x = 0; x < width - right; x++)
                if (tiled[y * width + x] != whole[y * width + x])
                    throw new AssertionError(width + "x" + height + ", tiles of " + tile + ": " + x + "," + y);
    }

    private static Bitmap noise(int width, int height) {
        Bitmap bitmap = Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888);
        int[] pixels = new Random(width * 1000L + height).ints((long) width * height).toArray();
        for (int at = 0; at < pixels.length; at++) pixels[at] |= 0xff000000;
        bitmap.setPixels(pixels, 0, width, 0, 0, width, height);
        return bitmap;
    }
}
