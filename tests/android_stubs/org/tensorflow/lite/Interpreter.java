package org.tensorflow.lite;

import java.nio.ByteBuffer;

/**
 * In place of LiteRT's class: enlarges twice, each pixel the weighted mean of 7x7 around it, so that
 * a tile with too small an overlap shows a seam. Outside the input is black, as convolutions pad.
 */
public final class Interpreter implements AutoCloseable {
    public static final class Options {
        public Options setNumThreads(int threads) { return this; }

        public Options addDelegate(Delegate delegate) { return this; }
    }

    public static final int SCALE = 2, RADIUS = 3;
    private int height, width;

    public Interpreter(ByteBuffer model, Options options) {}

    public void resizeInput(int index, int[] shape) {
        height = shape[1];
        width = shape[2];
    }

    public void allocateTensors() {}

    public Tensor getInputTensor(int index) { return tensor(height, width); }

    public Tensor getOutputTensor(int index) { return tensor(height * SCALE, width * SCALE); }

    public void run(Object input, Object output) {
        ByteBuffer from = (ByteBuffer) input, to = (ByteBuffer) output;
        for (int y = 0; y < height * SCALE; y++)
            for (int x = 0; x < width * SCALE; x++)
                for (int c = 0; c < 3; c++) to.put((byte) mean(from, y, x, c));
        to.rewind();
    }

    private int mean(ByteBuffer from, int y, int x, int c) {
        int sum = 0, weights = 0;
        for (int dy = -RADIUS; dy <= RADIUS; dy++)
            for (int dx = -RADIUS; dx <= RADIUS; dx++) {
                int row = y / SCALE + dy, column = x / SCALE + dx;
                int weight = 1 + (5 * dy + 3 * dx + 7 * (y % SCALE) + 2 * (x % SCALE) + 50) % 4;
                weights += weight;
                if (row >= 0 && row < height && column >= 0 && column < width)
                    sum += weight * (from.get((row * width + column) * 3 + c) & 0xff);
            }
        return sum / weights;
    }

    private Tensor tensor(int height, int width) {
        return new Tensor() {
            public int[] shape() { return new int[] {1, height, width, 3}; }

            public int numBytes() { return height * width * 3; }
        };
    }

    public void close() {}
}
