"""RGB to luminance (BT.601), which PSNR is measured on."""

import numpy as np

# MATLAB's rgb2ycbcr (BT.601, studio swing), first row, for RGB in 0..255: Y = LUMA . RGB + 16
LUMA = np.array([65.481, 128.553, 24.966]) / 255.0
BLACK = 16.0


def rgb_to_y(image):
    """BT.601 luminance, 16..235 in float64, of RGB in 0..255; H x W is luminance already."""
    image = np.asarray(image, np.float64)
    return image if image.ndim == 2 else image @ LUMA + BLACK
