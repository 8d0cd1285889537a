"""`load`: a network by a preset's name or from a `.keras` file."""

from __future__ import annotations

import os
import pathlib
from typing import TYPE_CHECKING

from keras_secn.presets.family import at_scale
from keras_secn.presets.store import load_preset
from keras_secn.utils.backend import require_backend
from keras_secn.utils.errors import UserError

if TYPE_CHECKING:
    import keras


def load(name: str | os.PathLike[str], scale: int | None = None) -> keras.Model:
    """Loads a trained network: `keras_secn.load("ct_secn_16")`.

    Args:
        name: a preset (`keras_secn.list_presets()`), or the path of a `.keras` file.
        scale: the preset of the same network that enlarges so many times: 2, 3 or 4.

    Returns:
        A Keras model: (B, H, W, 3) RGB in 0..255 to the enlarged picture, float32.

    Raises:
        UserError: no such preset or file, or it is damaged, not a Keras model, or not safe to load;
            or Keras' backend is not installed.

    Example:
        >>> keras_secn.load("ct_secn_16", scale=4).name
        'ct_secn_16_x4'
    """
    if is_file(name):
        if scale is not None:
            raise UserError("scale chooses among presets; a file has its own")
        require_backend()
        from keras_secn.presets.keras_file import load_checked  # it imports Keras, which takes time

        return load_checked(name)
    return load_preset(str(name) if scale is None else at_scale(str(name), scale))


def is_file(name: str | os.PathLike[str]) -> bool:
    """Whether a network is named by a file, which must be there, not as a preset."""
    path = pathlib.Path(name)
    if path.suffix == ".keras" and not path.is_file():
        raise UserError(f"no such file: {name}")
    return path.suffix == ".keras"
