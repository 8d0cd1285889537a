"""Exports a Keras super-resolution network to a `.tflite` file, and checks it."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_secn.lite import converter, metadata
from keras_secn.lite.interpreter import LEAST, LiteModel
from keras_secn.lite.layers_report import layer_report
from keras_secn.lite.pages import pages
from keras_secn.lite.pictures import SAMPLES, fit, low_resolution
from keras_secn.lite.quantize import equalize
from keras_secn.lite.quantize.gptq import round_kernels
from keras_secn.lite.quantize.int16 import static_16x8
from keras_secn.metrics.protocol import image_upscaler
from keras_secn.models.edsr_trunk import scale_of
from keras_secn.rewrite.float32_copy import float32_copy
from keras_secn.rewrite.fold_collapsible import fold
from keras_secn.rewrite.fuse_body import fuse_body
from keras_secn.rewrite.fuse_upsampler import fuse_upsampler
from keras_secn.utils.atomic_file import atomic_path
from keras_secn.utils.errors import UserError

if TYPE_CHECKING:
    import keras

    from keras_secn.data.patches import PhotoCache

    Pictures = str | pathlib.Path | Sequence[np.ndarray]

# quantization -> least PSNR in dB (RGB, peak 255) between the file's pictures and Keras'.
# 60 dB is one pixel value in 15 off by one level; 40 dB costs a network of 36 dB some 1.5 dB.
BOUNDS = {
    "none": 60.0,
    "float16": 52.0,
    "dynamic": 40.0,
    "int8": 38.0,
    "int8_qat": 38.0,
    "int16x8": 45.0,
}
CALIBRATED = ("int8", "int8_qat", "int16x8")
CALIBRATION_LIMIT, CHECK_LIMIT = 24, 3
SIZES = range(LEAST, 4097)  # LR pixels a side that a file of fixed size may have


def export(
    model: keras.Model,
    path: str | os.PathLike[str],
    quantization: str = "none",
    shape: str | tuple[int, int] = "dynamic",
    representative: Pictures | None = None,
    io: str = "uint8",
    check: Pictures | None = None,
    progress: bool = True,
    report: bool = False,
    training: Sequence[str | os.PathLike[str]] | PhotoCache | None = None,
    steps: int = 500,
) -> dict[str, Any]:
    """Writes a `.tflite` file that takes RGB of 0..255, NHWC, and gives the same, clipped.

    The file is loaded and compared with Keras on real photographs before it gets its name.

    Args:
        model: a Keras network: RGB in, larger RGB out.
        path: where the file goes; replaced if it exists, left alone if anything fails.
        quantization: "none" (float32), "float16" (weights), "dynamic" (int8 weights), "int8"
            (integers throughout, but for float pixels), "int8_qat" (int8 after quantization-aware
            training), or "int16x8" (16-bit features, 8-bit weights, float pixel shuffle and ends).
        shape: "dynamic", or (height, width) in LR pixels.
        representative: folder of photographs, or list of uint8 LR pictures, to calibrate with;
            the sample photographs that come along, and pages of text (see `pages`), if `None`.
            Needed for int8 and int16x8.
        io: "uint8" or "float", the type of the pixels.
        check: photographs or LR pictures to compare on; some of `representative` if `None`.
        progress: shows a bar over calibration.
        report: compares the layers of an integer file with the same layers in float.
        training: folders of photographs for int8_qat, or a `keras_secn.data.PhotoCache`.
        steps: of int8_qat.

    Returns:
        The facts in the file's metadata (see `info`); `facts["check"]` holds the comparison,
        `facts["layers"]` the report, if asked for (see `layer_report`).

    Raises:
        UserError: not a super-resolution network, an unknown option, a size that does not fit,
            no representative images, or a file that differs too much from Keras (see `BOUNDS`).
        OSError: the file cannot be written.
    """
    path = pathlib.Path(path)
    model = fold(float32_copy(model))
    scale = scale_of(model)
    if quantization not in BOUNDS:
        raise UserError(f"quantization must be one of {', '.join(BOUNDS)}, not {quantization!r}")
    if io not in ("uint8", "float"):
        raise UserError(f"io must be uint8 or float, not {io!r}")
    size = _fixed_size(model, shape)
    if path.is_dir():
        raise UserError(f"{path} is a folder")
    pictures = _pictures(representative, scale, CALIBRATION_LIMIT, progress)
    checked = pictures[:: max(1, len(pictures) // CHECK_LIMIT)]
    if check is not None:
        checked = _pictures(check, scale, CHECK_LIMIT)
    if not checked or (quantization in CALIBRATED and not pictures):
        raise UserError("no representative images: name a folder of photographs")
    cache = _training_cache(training, scale, progress) if quantization == "int8_qat" else None

    # the temporary file first: an unwritable folder shows before minutes of conversion
    with atomic_path(path) as temporary:
        content, in_float = _convert(
            model, quantization, size, io, pictures, progress, report, cache, steps
        )
        facts = {
            "name": model.name,
            "scale": scale,
            "quantization": quantization,
            "shape": "dynamic" if size is None else list(size),
            "layout": "NHWC",
            "colour": "RGB",
            "value_range": [0, 255],
            "io": io,
        }
        temporary.write_bytes(content)
        facts["check"] = compare(model, temporary, checked)
        if not facts["check"]["psnr"] >= BOUNDS[quantization]:
            raise UserError(
                f"the {quantization} file differs from Keras: {facts['check']['psnr']:.2f} dB"
                f" between them, and at least {BOUNDS[quantization]:.0f} dB is required"
            )
        temporary.write_bytes(metadata.add(content, facts))
    if in_float:
        facts["layers"] = layer_report(content, in_float, checked[0])
    return facts


def compare(model, path, pictures):
    """A file's pictures beside Keras': PSNR in dB over RGB, and the largest difference (levels)."""
    lite, keras_upscale = LiteModel(path), image_upscaler(model)
    squares, count, largest = 0.0, 0, 0
    for picture in pictures:
        if lite.fixed_size:
            picture = fit(picture, lite.fixed_size)
        error = lite(picture).astype(np.float64) - keras_upscale(picture)
        squares += float(np.sum(error**2))
        count += error.size
        largest = max(largest, int(np.abs(error).max()))
    # equal pictures have no finite PSNR, which JSON could not hold
    psnr = 10 * np.log10(255.0**2 / max(squares / count, 1e-5))
    return {"psnr": round(float(psnr), 2), "largest_difference": largest, "pictures": len(pictures)}


def _convert(model, quantization, size, io, pictures, progress, report, cache, steps):
    """The file's bytes, and those of the same graph in float if a report is wanted."""
    if quantization in ("dynamic", "int16x8") and pictures:
        model, _ = _rounded(fuse_upsampler, model, _calibration(model, pictures))
    network = converter.float_network(fuse_upsampler(model), io)
    if quantization not in CALIBRATED:
        return converter.convert(network, size, io, quantization), None
    if quantization == "int16x8":
        pictures = calibration_pictures(pictures, size)
        in_float = converter.convert(network, size, io)
        return static_16x8(in_float, pictures, io), in_float
    pictures, equalized = _calibration(model, pictures), equalize.can_rewrite(model)
    model, exact = _rounded(fuse_body, model, pictures)
    network = converter.plain_network(model)
    in_float = converter.convert(network, size, "float") if report else None
    if quantization == "int8_qat":
        from keras_secn.lite.qat import finetune

        trained = finetune(model, exact, cache, steps, pictures, progress=progress)
        network, pictures = converter.plain_network(trained), None
    content = converter.convert(network, size, io, "int8", pictures, progress, clip=equalized)
    return content, in_float


def _calibration(model, pictures):
    own = model.input_shape[1:3]
    return calibration_pictures(pictures, None if own == (None, None) else own)


def _rounded(fuse, model, pictures):
    """A copy to quantize: equalized, fused, kernels rounded; and the same before rounding."""
    exact = fuse(equalize.prepared(model, pictures))
    model = equalize.copy(exact)
    round_kernels(model, exact, pictures)
    return model, exact


def _training_cache(source, scale, progress):
    """The photographs of int8_qat; a `UserError` if there are none, or libraries are missing."""
    from keras_secn.data.patches import PhotoCache, open_photographs
    from keras_secn.lite.distillation import HR_PATCH
    from keras_secn.lite.twin import libraries

    libraries()
    if not source:
        raise UserError("int8_qat needs training photographs")
    if isinstance(source, PhotoCache):
        return source
    return open_photographs(source, scale=scale, min_hr=HR_PATCH, progress=progress)


def calibration_pictures(pictures, size=None):
    """Pictures cropped to one size, for calibration, and a ramp from black to white.

    The ramp makes the input's range 0..255; it has no edges that would widen other ranges.
    """
    size = size or (96, 96)
    ramp = np.linspace(0, 255, size[1]).round().astype(np.uint8)
    ramp = np.broadcast_to(ramp[None, :, None], (*size, 3)).copy()
    return [*(fit(picture, size) for picture in pictures), ramp]


def _fixed_size(model, shape):
    if shape == "dynamic":
        size = None
    else:
        try:
            height, width = (int(length) for length in shape)
        except (TypeError, ValueError):
            raise UserError(f"shape must be dynamic or (height, width), not {shape!r}") from None
        if height not in SIZES or width not in SIZES:
            raise UserError(f"{height}x{width} does not fit: {SIZES[0]} to {SIZES[-1]} LR pixels")
        size = height, width
    own = model.input_shape[1:3]
    if size != own and own != (None, None):
        raise UserError(f"{model.name} takes pictures of {own[0]}x{own[1]} only")
    return size


def _pictures(source, scale, limit, progress=False):
    if source is None:
        photographs = low_resolution(SAMPLES, scale, limit, progress) if SAMPLES.is_dir() else []
        return [*photographs, *pages(scale)] if photographs else []
    return low_resolution(source, scale, limit, progress)
