"""16-bit features with 8-bit weights, by ai-edge-quantizer.

TensorFlow's converter has no 16-bit DEPTH_TO_SPACE; this one works on the finished flatbuffer.
"""

import contextlib
import io as text_io

import numpy as np
from tqdm import tqdm

from ..errors import UserError
from .converter import quiet


@contextlib.contextmanager
def silent():
    """Without the quantizer's own bars and statistics."""
    with quiet(), contextlib.redirect_stdout(text_io.StringIO()):
        yield


def static_16x8(content, pictures, io, progress=False):
    """A float file's bytes -> the same with int16 features and int8 weights per channel.

    Args:
        content: bytes of a float file with the signature `lr -> sr`.
        pictures: uint8 LR pictures of one size, to calibrate with.
        io: "uint8" or "float": what the file takes.
        progress: shows a bar.

    Raises:
        UserError: ai-edge-quantizer is not installed.
    """
    try:
        from ai_edge_quantizer import calibrator, quantizer, recipe, recipe_manager
        from ai_edge_quantizer.utils import qsv_utils
    except ImportError:
        raise UserError("int16x8 needs ai-edge-quantizer: pip install ai-edge-quantizer") from None

    kind = np.uint8 if io == "uint8" else np.float32
    rules = recipe.static_wi8_ai16()
    manager = recipe_manager.RecipeManager()
    manager.load_quantization_recipe(rules)
    # the default is a moving average of the pictures' ranges, which cuts off every extreme
    worker = calibrator.Calibrator(bytearray(content), qsv_update_func=qsv_utils.min_max_update)
    for picture in tqdm(pictures, desc="calibrating", disable=not progress, unit="picture"):
        with silent():
            worker.calibrate({"serving_default": [{"lr": picture[None].astype(kind)}]}, manager)
    with silent():
        result = quantizer.Quantizer(bytearray(content), rules).quantize(worker.get_model_qsvs())
    return bytes(result.quantized_model)
