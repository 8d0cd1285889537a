import android.content.res.AssetFileDescriptor;
import android.content.res.AssetManager;
import android.graphics.Bitmap;
import java.io.FileNotFoundException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import org.keras.secn.Engine;
import org.keras.secn.SuperResolver;
import org.tensorflow.lite.Interpreter;
import org.tensorflow.lite.gpu.GpuDelegate;

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
        unreadable();
        failures(bitmap);
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
            if (!Bitmap.newest.isRecycled()) throw new AssertionError("half a result was kept");
        }
    }

    /** What is in the GPU's memory is refused by a sentence that helps. */
    private static void unreadable() {
        Bitmap hardware = Bitmap.createBitmap(20, 20, Bitmap.Config.HARDWARE);
        try (SuperResolver resolver = new SuperResolver(ByteBuffer.allocate(0), 64, 8, 1, null)) {
            resolver.upscale(hardware);
            throw new AssertionError("was read");
        } catch (IllegalArgumentException expected) {
            if (!expected.getMessage().contains("ARGB_8888")) throw new AssertionError(expected);
        }
    }

    /** Whatever fails, nothing stays open; `main` counts the interpreters. */
    private static void failures(Bitmap bitmap) {
        try (SuperResolver resolver = new SuperResolver(ByteBuffer.allocate(0), 64, 8, 1, null)) {
            resolver.upscale(bitmap, (done, total, nanoseconds) -> { throw new ArithmeticException(); });
            throw new AssertionError("went on");
        } catch (ArithmeticException expected) {
            if (!Bitmap.newest.isRecycled()) throw new AssertionError("half a result was kept");
        }
        try {
            new SuperResolver(ByteBuffer.allocate(0), 50_000, 8, 1, null);
            throw new AssertionError("so large a tile was taken");
        } catch (RuntimeException expected) {
            // no array is so long
        }
        AssetManager assets = new AssetManager() {
            @Override
            public String[] list(String path) { return new String[] {"network.tflite"}; }

            @Override
            public AssetFileDescriptor openFd(String name) throws FileNotFoundException {
                throw new FileNotFoundException("it was compressed");
            }
        };
        try {
            Engine.Companion.open(assets, true);
            throw new AssertionError("was opened");
        } catch (Exception expected) { // Java thinks that Kotlin throws no others
            if (!(expected instanceof FileNotFoundException) || GpuDelegate.open != 0)
                throw new AssertionError("the delegate was not closed", expected);
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
