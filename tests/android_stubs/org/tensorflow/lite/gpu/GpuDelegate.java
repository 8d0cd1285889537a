package org.tensorflow.lite.gpu;

import org.tensorflow.lite.Delegate;

public class GpuDelegate implements Delegate {
    /** How many there are that were not closed. */
    public static int open;

    public GpuDelegate() { open++; }

    @Override
    public void close() { open--; }
}
