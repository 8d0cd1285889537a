"""The luminance that the field measures and most networks before EDSR work on."""

import numpy as np

# MATLAB's rgb2ycbcr (BT.601, studio swing), first row, for RGB in 0..255: Y = LUMA . RGB + 16
LUMA = np.array([65.481, 128.553, 24.966]) / 255.0
BLACK = 16.0
