"""`upscale`: one picture in one call."""

from __future__ import annotations

import os
import pathlib
from typing import TYPE_CHECKING, overload

from keras_secn.upscaling.target import QUALITY
from keras_secn.upscaling.upscaler import Picture, Upscaler

if TYPE_CHECKING:
    import keras
    import numpy as np
    from PIL import Image


@overload
def upscale(
    image: Picture,
    out: None = None,
    model: str | os.PathLike[str] | keras.Model | None = None,
    *,
    engine: str | None = None,
    scale: float | None = None,
    width: int | None = None,
    height: int | None = None,
    megapixels: float | None = None,
    fast: bool = False,
    best: bool = False,
    precision: str | None = None,
    ensemble: bool = False,
    tile: int | None = None,
    threads: int | None = None,
) -> Picture: ...


@overload
def upscale(
    image: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    model: str | os.PathLike[str] | keras.Model | None = None,
    *,
    engine: str | None = None,
    scale: float | None = None,
    width: int | None = None,
    height: int | None = None,
    megapixels: float | None = None,
    fast: bool = False,
    best: bool = False,
    precision: str | None = None,
    ensemble: bool = False,
    tile: int | None = None,
    threads: int | None = None,
    overwrite: bool = True,
    quality: int = QUALITY,
) -> pathlib.Path: ...


def upscale(
    image: np.ndarray | Image.Image | str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    model: str | os.PathLike[str] | keras.Model | None = None,
    *,
    engine: str | None = None,
    scale: float | None = None,
    width: int | None = None,
    height: int | None = None,
    megapixels: float | None = None,
    fast: bool = False,
    best: bool = False,
    precision: str | None = None,
    ensemble: bool = False,
    tile: int | None = None,
    threads: int | None = None,
    overwrite: bool = True,
    quality: int = QUALITY,
) -> np.ndarray | Image.Image | pathlib.Path:
    """Enlarges a picture: `keras_secn.upscale("photo.jpg", "photo_x2.png")`.

    Args:
        image, out, overwrite, quality: see `Upscaler.__call__`.
        model, engine, precision: the network and what runs it; see `Upscaler`.
        scale, width, height, megapixels: how large the result is; see `Upscaler`.
        fast, best, ensemble, tile, threads: see `Upscaler`.

    Returns:
        The kind that was given; see `Upscaler.__call__`.

    Raises:
        UserError: see `Upscaler`.
    """
    upscaler = Upscaler(
        model,
        engine=engine,
        scale=scale,
        width=width,
        height=height,
        megapixels=megapixels,
        fast=fast,
        best=best,
        precision=precision,
        ensemble=ensemble,
        tile=tile,
        threads=threads,
    )
    return upscaler(image, out, overwrite=overwrite, quality=quality)
