package org.tensorflow.lite;

import java.nio.ByteBuffer;

/**
 * In place of LiteRT's class: enlarges twice, each pixel the weighted mean of 7x7 around it, so that
 * a tile with too small an overlap shows a seam. Outside the input is black, as convolutions pad.
 *
 * The model's first byte, if it has any, is the number of its kind: all compute the same picture.
 */
public final class Interpreter implements AutoCloseable {
    public static final class Options {
        public Options setNumThreads(int threads) { return this; }

        public Options addDelegate(Delegate delegate) { return this; }
    }

    private static final class Kind {
        final DataType type;
        final float step;
        final int zero, fixedHeight, fixedWidth;

        Kind(DataType type, float step, int zero, int fixedHeight, int fixedWidth) {
            this.type = type;
            this.step = step;
            this.zero = zero;
            this.fixedHeight = fixedHeight;
            this.fixedWidth = fixedWidth;
        }
    }

    private static final Kind[] KINDS = {
        new Kind(DataType.UINT8, 1, 0, -1, -1),
        new Kind(DataType.INT8, 1, -128, -1, -1),
        new Kind(DataType.FLOAT32, 0, 0, -1, -1),
        new Kind(DataType.UINT8, 1f / 255, 0, -1, -1),
        new Kind(DataType.UINT8, 0, 0, 32, 48),
    };
    public static final int UINT8 = 0, INT8 = 1, FLOAT = 2, UNIT_RANGE = 3, FIXED = 4;
    public static final int SCALE = 2, RADIUS = 3;
    /** How many there are that were not closed. */
    public static int open;

    private final Kind kind;
    private int height = 1, width = 1;

    public Interpreter(ByteBuffer model, Options options) {
        kind = KINDS[model.capacity() > 0 ? model.get(0) : UINT8];
        if (kind.fixedHeight > 0) {
            height = kind.fixedHeight;
            width = kind.fixedWidth;
        }
        open++;
    }

    public void resizeInput(int index, int[] shape) {
        if (kind.fixedHeight > 0) throw new IllegalArgumentException("graph is immutable");
        height = shape[1];
        width = shape[2];
    }

    public void allocateTensors() {}

    public Tensor getInputTensor(int index) { return tensor(height, width); }

    public Tensor getOutputTensor(int index) { return tensor(height * SCALE, width * SCALE); }

    public void run(Object input, Object output) {
        ByteBuffer from = (ByteBuffer) input, to = (ByteBuffer) output;
        int bytes = kind.type == DataType.FLOAT32 ? 4 : 1;
        if (from.remaining() != height * width * 3 * bytes || to.remaining() != from.remaining() * SCALE * SCALE)
            throw new IllegalArgumentException("a buffer of another size than its tensor");
        for (int y = 0; y < height * SCALE; y++)
            for (int x = 0; x < width * SCALE; x++)
                for (int c = 0; c < 3; c++) put(to, mean(from, y, x, c));
    }

    private int mean(ByteBuffer from, int y, int x, int c) {
        int sum = 0, weights = 0;
        for (int dy = -RADIUS; dy <= RADIUS; dy++)
            for (int dx = -RADIUS; dx <= RADIUS; dx++) {
                int row = y / SCALE + dy, column = x / SCALE + dx;
                int weight = 1 + (5 * dy + 3 * dx + 7 * (y % SCALE) + 2 * (x % SCALE) + 50) % 4;
                weights += weight;
                if (row >= 0 && row < height && column >= 0 && column < width)
                    sum += weight * level(from, (row * width + column) * 3 + c);
            }
        return sum / weights;
    }

    private int level(ByteBuffer from, int index) {
        if (kind.type == DataType.FLOAT32) return (int) from.getFloat(4 * index);
        return kind.type == DataType.INT8 ? from.get(index) + 128 : from.get(index) & 0xff;
    }

    private void put(ByteBuffer to, int level) {
        if (kind.type == DataType.FLOAT32) to.putFloat(level + 0.25f);
        else to.put((byte) (kind.type == DataType.INT8 ? level - 128 : level));
    }

    private Tensor tensor(int height, int width) {
        return new Tensor() {
            public DataType dataType() { return kind.type; }

            public int[] shape() { return new int[] {1, height, width, 3}; }

            public int[] shapeSignature() { return new int[] {1, kind.fixedHeight, kind.fixedWidth, 3}; }

            public QuantizationParams quantizationParams() { return new QuantizationParams(kind.step, kind.zero); }
        };
    }

    public void close() { open--; }
}
