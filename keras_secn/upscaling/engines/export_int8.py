"""Exports a network to an int8 `.tflite` file with exact tiles, for `Upscaler`."""

from __future__ import annotations

import os
import pathlib
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_secn.lite import metadata
from keras_secn.lite.export import export
from keras_secn.lite.interpreter import LEAST, LiteModel
from keras_secn.lite.quantize.tiles import with_tiles
from keras_secn.rewrite.fold_collapsible import fold
from keras_secn.upscaling.engines.litert import TiledFileEngine
from keras_secn.upscaling.engines.receptive_field import receptive_radius
from keras_secn.utils.atomic_file import atomic_path
from keras_secn.utils.errors import UserError

if TYPE_CHECKING:
    import keras

    from keras_secn.lite.export import Pictures

LARGEST_DIFFERENCE = 4  # levels between a tile and the whole picture: gates may round otherwise


def export_int8_tiles(
    model: keras.Model,
    path: str | os.PathLike[str],
    representative: Pictures | None = None,
    check: Pictures | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Writes a network's int8 file for `Upscaler`: uint8 pixels in and out, integers between.

    Args:
        model: a Keras super-resolution network.
        path: where the file goes; replaced if it exists, left alone if anything fails.
        representative, check, progress: see `keras_secn.lite.export`.

    Returns:
        The facts in the file's metadata, see `keras_secn.lite.info`.

    Raises:
        UserError: as `keras_secn.lite.export`; the network sees the whole image; tiles differ from
            the whole picture.
        OSError: the file cannot be written.
    """
    model, path = fold(model), pathlib.Path(path)
    radius = receptive_radius(model)
    if radius is None:
        raise UserError(f"{model.name} sees the whole image at once: tiles cannot equal it")
    with atomic_path(path) as temporary:
        facts = export(
            model,
            temporary,
            "int8",
            representative=representative,
            check=check,
            progress=progress,
        )
        plain = LiteModel(temporary)
        content, gated = with_tiles(temporary.read_bytes())
        facts["tiles"] = {"radius": radius, "gated": gated}
        temporary.write_bytes(metadata.add(content, facts))
        difference = _difference(plain, temporary, radius)
        if difference > LARGEST_DIFFERENCE:
            raise UserError(f"tiles differ from the whole picture by {difference} gray levels")
    return facts


def _difference(plain, path, radius):
    """The largest difference of a tile and of the whole picture from the plain file, in levels."""
    engine = TiledFileEngine(path, metadata.facts_of(path), threads=None)
    random, scale = np.random.default_rng(0), engine.scale
    height, width = 48, 2 * radius + 96
    y, x = np.mgrid[:height, :width]
    lr = np.stack([5 * y, 255 * ((x // 9 + y // 7) % 2), random.integers(0, 256, y.shape)], -1)
    lr = lr.astype(np.uint8)
    expected = plain(lr).astype(int)
    whole = engine.whole(lr.astype(np.float32))
    gates = engine.pool(lr[None].astype(np.float32))
    cut = width - LEAST
    tile = engine.tile(lr[:, :cut].astype(np.float32), gates)
    kept = scale * (cut - radius)
    errors = whole - expected, (tile - expected[:, : scale * cut])[:, :kept]
    return int(max(np.abs(error).max() for error in errors))
