"""Enlarges any picture to any size: `upscale`, `Upscaler` and their parts.

From the outside in: `batch` plans what becomes of the files that `inputs` finds, then runs
`upscale_file` or `io.video` on each. These read frames, give them to an `Upscaler`, and write the
rows that it yields. The `Upscaler` asks `condition` what a picture is like and `networks` which
networks reach the `target` size; an `Enlarger` (`enlarge`) runs each over tiles (`tiling`) on an
engine (`engines`), and `reduction` brings the rows to the pixel.

Names are loaded at first use: the LiteRT engine needs neither TensorFlow nor Keras.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
