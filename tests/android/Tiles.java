import android.graphics.Bitmap;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import org.keras.secn.SuperResolver;
import org.tensorflow.lite.Interpreter;

/** Tiles against the whole picture: for many sizes, tiles and kinds of files, the pixels must be the same. */
final class Tiles {
    public static void main(String[] arguments) {
        int[][] sizes = {{64, 64}, {65, 64}, {64, 67}, {100, 131}, {300, 20}, {7, 150}, {200, 199}};
        for (int[] size : sizes) {
            Bitmap bitmap = noise(size[0], size[1]);
            // a tile that holds all of it, with the border that small pictures get
            int[] whole = upscale(bitmap, Interpreter.UINT8, Math.max(size[0], size[1]) + 8, Interpreter.RADIUS);
            for (int tile : new int[] {16, 33, 64})
                compare(upscale(bitmap, Interpreter.UINT8, tile, Interpreter.RADIUS), whole, size, tile, tile);
        }
        int[] size = {100, 131};
        Bitmap bitmap = noise(size[0], size[1]);
        int[] whole = upscale(bitmap, Interpreter.UINT8, 139, Interpreter.RADIUS);
        for (int kind : new int[] {Interpreter.INT8, Interpreter.FLOAT, Interpreter.UNIT_RANGE})
            compare(upscale(bitmap, kind, 33, Interpreter.RADIUS), whole, size, 33, 33);
        // its own tiles, whatever was asked for
        compare(upscale(bitmap, Interpreter.FIXED, 33, Interpreter.RADIUS), whole, size, 48, 32);
        // the comparison is worth something: too small an overlap shows
        if (Arrays.equals(upscale(bitmap, Interpreter.UINT8, 33, 1), whole))
            throw new AssertionError("seams were not noticed");
        refusals();
        cancelling(bitmap);
        if (Interpreter.open != 0) throw new AssertionError(Interpreter.open + " interpreters were not closed");
        System.out.println("tiles equal the whole");
    }

    private static void refusals() {
        for (int overlap : new int[] {-1, 16})
            try {
                new SuperResolver(ByteBuffer.allocate(0), 32, overlap, 1, null);
                throw new AssertionError("overlap " + overlap + " was taken");
            } catch (IllegalArgumentException expected) {
                // tiles would not meet
            }
    }

    /** Stops after three tiles of six, having been told of each. */
    private static void cancelling(Bitmap bitmap) {
        List<Integer> told = new ArrayList<>();
        try (SuperResolver resolver = new SuperResolver(ByteBuffer.allocate(0), 64, 8, 1, null)) {
            resolver.upscale(bitmap, (done, total, nanoseconds) -> {
                told.add(done);
                if (total != 6 || nanoseconds <= 0) throw new AssertionError(total + " tiles");
                return done < 3;
            });
            throw new AssertionError("went on");
        } catch (CancellationException expected) {
            if (!told.equals(Arrays.asList(1, 2, 3))) throw new AssertionError(told);
        }
    }

    private static int[] upscale(Bitmap bitmap, int kind, int tile, int overlap) {
        ByteBuffer model = ByteBuffer.wrap(new byte[] {(byte) kind});
        Bitmap result;
        try (SuperResolver resolver = new SuperResolver(model, tile, overlap, 1, null)) {
            result = resolver.upscale(bitmap);
        }
        int width = result.getWidth(), height = result.getHeight();
        if (width != 2 * bitmap.getWidth() || height != 2 * bitmap.getHeight())
            throw new AssertionError("another size");
        int[] pixels = new int[width * height];
        result.getPixels(pixels, 0, width, 0, 0, width, height);
        return pixels;
    }

    /** Borders of the picture differ where a tile repeats them and the network pads: left out. */
    private static void compare(int[] tiled, int[] whole, int[] size, int tileWidth, int tileHeight) {
        int width = 2 * size[0], height = 2 * size[1];
        int right = size[0] < tileWidth ? 0 : 2 * Interpreter.RADIUS;
        int bottom = size[1] < tileHeight ? 0 : 2 * Interpreter.RADIUS;
        for (int y = 0; y < height - bottom; y++)
            for (int x = 0; x < width - right; x++)
                if (tiled[y * width + x] != whole[y * width + x])
                    throw new AssertionError(
                            width + "x" + height + ", tiles of " + tileWidth + ": " + x + "," + y);
    }

    private static Bitmap noise(int width, int height) {
        Bitmap bitmap = Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888);
        int[] pixels = new Random(width * 1000L + height).ints((long) width * height).toArray();
        for (int at = 0; at < pixels.length; at++) pixels[at] |= 0xff000000;
        bitmap.setPixels(pixels, 0, width, 0, 0, width, height);
        return bitmap;
    }
}
