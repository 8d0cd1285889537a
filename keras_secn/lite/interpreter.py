"""Runs any super-resolution `.tflite` file without TensorFlow or Keras."""

import os
import pathlib

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from keras_secn.lite.runtime import PLAIN_KERNELS, Runtime, load_bytes
from keras_secn.utils.errors import UserError

PROBE = 24  # LR pixels a side: enough for any network's scale to show
PIXELS = (np.uint8, np.int8, np.float32)  # what pixels may be
LEAST = 8  # LR pixels a side that an integer file is given, see `fuse_body`


class LiteModel:
    """A super-resolution file as a function of a uint8 picture.

    Input and output may be uint8, int8 or float32, of fixed or dynamic size; a fixed size is
    served by tiles that overlap, and by repeating the border of pictures that are smaller (integer
    files get at least 8 x 8 pixels so). The channel means of squeeze-and-excitation are then taken
    over a tile.

    Any number of threads may call it: they take turns, and LiteRT itself uses several processors.
    It can be pickled.

    Args:
        path: a `.tflite` file with one RGB picture in and a larger one out, NHWC.
        threads: number of threads; `None` leaves the choice to LiteRT.
        overlap: LR pixels by which tiles overlap at each side.
        tile: at least 8 LR pixels: files of dynamic size work in tiles as well.
        value_range: white of a float file, 255 or 1. Integer files say it themselves.
        delegate: `False` runs LiteRT's own kernels, without XNNPACK.

    Attributes:
        scale: enlargement.
        fixed_size: (height, width) in LR pixels, or `None` for a file of dynamic size.

    Raises:
        UserError: no such file, no LiteRT file, no super-resolution network, or too small a tile.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        threads: int | None = None,
        overlap: int = 16,
        tile: int | None = None,
        value_range: float = 255.0,
        delegate: bool = True,
    ) -> None:
        self.path = pathlib.Path(path)
        self._float_white = value_range
        if tile is not None and tile < LEAST:
            raise UserError(f"tile must be at least {LEAST}, not {tile}")
        self._runtime = Runtime(path, load_bytes(path), threads, delegate)
        interpreter = self._runtime.open()
        self._input, self._output = self._ends(interpreter)
        signature = self._input["shape_signature"]
        dynamic = -1 in signature[1:3]
        self.fixed_size = None if dynamic else (int(signature[1]), int(signature[2]))
        size = self.fixed_size or (PROBE, PROBE)
        self.scale = self._measured_scale(size)
        self.tile = self.fixed_size or (None if tile is None else (tile, tile))
        if self.tile:
            overlap = min(overlap, (min(self.tile) - 1) // 2)
        self.overlap = overlap

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Upscales one picture.

        Args:
            image: H x W x 3 uint8 RGB.

        Returns:
            (scale * H) x (scale * W) x 3 uint8 RGB.
        """
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise UserError(f"needs a uint8 picture H x W x 3, not {image.dtype} {image.shape}")
        least = LEAST if self._input["quantization"][0] > 0 else 1
        tile = self.tile or tuple(max(length, least) for length in image.shape[:2])
        return self._run(image) if image.shape[:2] == tile else self._run_tiles(image, tile)

    def operators(self) -> list[str]:
        """Names of the file's operators, in order of execution."""
        return [op["op_name"] for op in self._runtime.open()._get_ops_details()]

    def _refused(self):
        return UserError(f"{self.path}: not a super-resolution network (RGB in, larger RGB out)")

    def _ends(self, interpreter):
        """What LiteRT tells of the one input and the one output."""
        inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
        if len(inputs) != 1 or len(outputs) != 1:
            raise self._refused()
        signature = inputs[0]["shape_signature"]
        if len(signature) != 4 or signature[3] != 3 or signature[0] not in (-1, 1):
            raise self._refused()
        for end in (inputs[0], outputs[0]):
            if end["dtype"] not in PIXELS:
                raise self._refused()
        return inputs[0], outputs[0]

    def _measured_scale(self, size):
        """How many times larger the picture is that comes out for one of a size that goes in."""
        shape = self._run(np.zeros((*size, 3), np.uint8)).shape
        scale = shape[0] // size[0]
        if scale < 2 or shape != (size[0] * scale, size[1] * scale, 3):
            raise self._refused()
        return scale

    def _run(self, image):
        pixels = self._encode(image, self._input)[None]
        with self._runtime.turn() as kept:
            if "interpreter" not in kept:
                kept["interpreter"] = self._runtime.open()
            interpreter, size = kept["interpreter"], image.shape[:2]
            if kept.get("size") != size:
                if self.fixed_size is None:
                    interpreter.resize_tensor_input(self._input["index"], pixels.shape)
                interpreter.allocate_tensors()
                kept["size"] = size
            interpreter.set_tensor(self._input["index"], pixels)
            interpreter.invoke()
            values = interpreter.get_tensor(self._output["index"])
        if values.ndim != 4:
            raise self._refused()
        return self._decode(values[0], self._output)

    def _encode(self, image, detail):
        if np.issubdtype(detail["dtype"], np.floating):
            return (image * np.float32(self._float_white / 255.0)).astype(detail["dtype"])
        step, zero, white = _grid(detail)
        if step * 255 == white and zero == np.iinfo(detail["dtype"]).min:
            return (image.astype(np.int16) + zero).astype(detail["dtype"])
        levels = np.floor(image * (white / 255.0) / step + 0.5) + zero
        limits = np.iinfo(detail["dtype"])
        return np.clip(levels, limits.min, limits.max).astype(detail["dtype"])

    def _decode(self, values, detail):
        if np.issubdtype(detail["dtype"], np.floating):
            step, zero, white = 1.0, 0, self._float_white
        else:
            step, zero, white = _grid(detail)
        if step == 1 and zero == 0 and white == 255 and detail["dtype"] == np.uint8:
            return values  # LiteRT's `get_tensor` has copied them
        pixels = (values.astype(np.float32) - zero) * (step * 255.0 / white)
        return np.clip(np.floor(pixels + 0.5), 0, 255).astype(np.uint8)

    def _run_tiles(self, image, tile):
        height, width = image.shape[:2]
        missing = max(0, tile[0] - height), max(0, tile[1] - width)
        padded = np.pad(image, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")
        scale = self.scale
        result = np.empty((padded.shape[0] * scale, padded.shape[1] * scale, 3), np.uint8)
        for top, keep_y in _cuts(padded.shape[0], tile[0], self.overlap):
            for left, keep_x in _cuts(padded.shape[1], tile[1], self.overlap):
                part = self._run(padded[top : top + tile[0], left : left + tile[1]])
                result[(top + keep_y) * scale : (top + tile[0]) * scale,
                       (left + keep_x) * scale : (left + tile[1]) * scale] = part[
                    keep_y * scale :, keep_x * scale :
                ]  # fmt: skip
        return result[: height * scale, : width * scale]


def _cuts(size, tile, overlap):
    """Where the tiles of one axis start, and from which of its pixels on each tile is kept."""
    starts = list(range(0, size - tile, tile - 2 * overlap)) + [size - tile]
    return [(start, 0 if start == 0 else overlap) for start in starts]


def _grid(detail):
    """(step, zero point, value of white) of an integer tensor."""
    step, zero = detail["quantization"]
    limits = np.iinfo(detail["dtype"])
    if not step:
        step, zero = 1.0, limits.min
    # a tensor that cannot hold more than about 1 is on a scale of 0..1
    white = 1.0 if (limits.max - zero) * step < 1.5 else 255.0
    return float(np.float32(step)), zero, white


def open_tensors(content):
    """An interpreter of a file's bytes that keeps every tensor; XNNPACK would swallow them."""
    return Interpreter(
        model_content=content,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=PLAIN_KERNELS,
    )
