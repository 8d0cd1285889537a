"""16-bit activations with 8-bit weights, by ai-edge-quantizer.

TensorFlow's converter fails at a 16-bit DEPTH_TO_SPACE; ai-edge-quantizer leaves that operator in
float. It would do so for 8 bits as well, hence int8 files are made by the converter.
"""

import numpy as np

from keras_secn.lite.converter import PIXELS
from keras_secn.utils.errors import UserError

# 16 bits have room for pictures of more contrast than any seen at calibration
HEADROOM = 4.0


def static_16x8(content, pictures, io):
    """A float file's bytes -> the same with int16 features and int8 weights per channel."""
    try:
        from ai_edge_quantizer import calibrator, qtyping, quantizer, recipe, recipe_manager
        from ai_edge_quantizer.utils import qsv_utils
    except ImportError:
        raise UserError("int16x8 needs ai-edge-quantizer: pip install ai-edge-quantizer") from None

    kind = np.uint8 if io == "uint8" else np.float32
    manager = recipe_manager.RecipeManager()
    manager.load_quantization_recipe(recipe.static_wi8_ai16())
    # on a grid of 16 bits no pixel is a whole number, and CAST would cut off almost a level
    manager.add_quantization_config(
        regex=f".*{PIXELS}.*",
        operation_name=qtyping.TFLOperationName.ALL_SUPPORTED,
        algorithm_key=recipe.AlgorithmName.NO_QUANTIZE,
    )
    rules = manager.get_quantization_recipe()
    # the default is a moving average of the pictures' ranges, which cuts off every extreme
    worker = calibrator.Calibrator(bytearray(content), qsv_update_func=qsv_utils.min_max_update)
    data = [{"lr": picture[None].astype(kind)} for picture in pictures]
    worker.calibrate({"serving_default": data}, manager)
    ranges = worker.get_model_qsvs()
    for tensor, seen in ranges.items():
        if np.max(seen["max"] - seen["min"]) < 1e-6:
            # a unit that is zero on all pictures; kernels overflow on a range of zero width
            seen["max"] = seen["max"] + 1.0
        ranges[tensor] = {end: value * HEADROOM for end, value in seen.items()}
    result = quantizer.Quantizer(bytearray(content), rules).quantize(
        ranges, enable_progress_bar=False, enable_progress_report=False
    )
    return bytes(result.quantized_model)
