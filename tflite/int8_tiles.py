"""Makes the int8 files of presets: the same file for `Upscaler` and for other programs."""

from __future__ import annotations

import os
import pathlib
from typing import TYPE_CHECKING, Any

import numpy as np
from tile_signatures import with_tiles

from keras_secn.lite import metadata
from keras_secn.lite.export import export
from keras_secn.lite.interpreter import LEAST, LiteModel
from keras_secn.rewrite.fold_collapsible import fold
from keras_secn.upscaling.engines.export import probe
from keras_secn.upscaling.engines.litert import TiledFileEngine
from keras_secn.upscaling.engines.receptive_field import receptive_radius
from keras_secn.utils.atomic_file import atomic_path
from keras_secn.utils.errors import UserError

if TYPE_CHECKING:
    import keras

    from keras_secn.lite.export import Pictures

LARGEST_DIFFERENCE = 4  # levels of a tile from the whole picture: gates may round otherwise


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
        pictures = {"representative": representative, "check": check}
        facts = export(model, temporary, "int8", **pictures, progress=progress)
        plain = LiteModel(temporary)
        content, gated = with_tiles(temporary.read_bytes())
        facts["tiles"] = {"radius": radius, "gated": gated}
        temporary.write_bytes(metadata.add(content, facts))
        difference = _tile_difference(plain, temporary, radius)
        if difference > LARGEST_DIFFERENCE:
            raise UserError(f"tiles differ from the whole picture by {difference} gray levels")
    return facts


def _tile_difference(plain, path, radius):
    """The largest difference of a tile and of the whole picture from the plain file, in levels."""
    engine = TiledFileEngine(path, metadata.facts_of(path), threads=None)
    lr = probe(48, 2 * radius + 96)
    expected = plain(lr.astype(np.uint8)).astype(int)
    cut = lr.shape[1] - LEAST
    tile = engine.tile(lr[:, :cut], engine.pool(lr[None]))
    kept = engine.scale * (cut - radius)
    errors = engine.whole(lr) - expected, (tile - expected[:, : tile.shape[1]])[:, :kept]
    return int(max(np.abs(error).max() for error in errors))
