"""Integer files: calibration, equalization, GPTQ, 16-bit activations."""
