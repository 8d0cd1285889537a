"""Integer files: calibration ranges, equalized channels, rounded kernels, 16-bit activations."""
