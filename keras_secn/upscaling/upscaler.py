"""`Upscaler`: enlarges arrays, Pillow images and files of any kind and size."""

from __future__ import annotations

import math
import numbers
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar, overload

import numpy as np

from keras_secn.upscaling.condition import condition, smooth
from keras_secn.upscaling.depth import to_eight_bit
from keras_secn.upscaling.enlarge import Enlarger
from keras_secn.upscaling.io.alpha import bleed, limits
from keras_secn.upscaling.networks import Networks
from keras_secn.upscaling.reduction import reduce_bands
from keras_secn.upscaling.target import QUALITY, Target
from keras_secn.upscaling.tiling import SMALLEST_PART
from keras_secn.utils.errors import UserError

if TYPE_CHECKING:
    import keras
    from PIL import Image

    from keras_secn.upscaling.engines.keras import KerasEngine
    from keras_secn.upscaling.engines.litert import PlainFileEngine, TiledFileEngine

# what comes back is of the kind that was given
Picture = TypeVar("Picture", "np.ndarray", "Image.Image")

TILES = {2: 512, 3: 448, 4: 384}  # LR pixels a side by the network's factor


class Upscaler:
    """Enlarges pictures.

    A result depends on the picture alone, neither on the size of tiles nor (by more than rounding)
    on the engine: the network's gates are computed first, from the whole picture, or from a sample
    of it beyond 262,144 pixels, and tiles overlap by the receptive field.

    The size is reached by the networks with the least factors that do, then by an antialiased
    reduction to the pixel. If no network is named, one for compressed pictures is taken for JPEGs
    of low quality and noise, and jagged pictures are smoothed first, see `condition`.

    Args:
        model: a preset's name, a Keras model, a `.keras` or a `.tflite` file; `None` for the preset
            `ct_secn_16` and its family.
        engine: "litert" or "keras"; `None` for LiteRT if there is a file for it.
        scale: enlargement, above 1 and at most 16, whole or not; by default the network's own.
        width, height, megapixels: of the result, in place of `scale`.
        fast: `pocket_secn_l`, in int8 where that is fast: many times as fast as the default.
        best: `secn`.
        precision: of presets on LiteRT, "float32" or "int8".
        ensemble: average over the eight flips and rotations: eight times as slow, about 0.1 dB.
        tile: side of a tile in pixels of the original, overlaps included; memory follows it.
        threads: for LiteRT; all processors if `None`.

    Attributes:
        target: what was asked for, a `Target`.
        networks: the `Networks`.

    Raises:
        UserError: no such model, not a super-resolution network, or options that do not fit.

    Example:
        >>> Upscaler(width=3000)("photo.jpg")
        PosixPath('photo_w3000.jpg')
    """

    target: Target
    networks: Networks

    def __init__(
        self,
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
    ) -> None:
        target = Target(scale, width, height, megapixels)
        for name, value in (("tile", tile), ("threads", threads)):
            if value is not None and not (isinstance(value, numbers.Integral) and value >= 1):
                raise UserError(f"{name} must be a whole number, at least 1, not {value!r}")
        self.networks = Networks(model, engine, threads, precision, fast, best)
        self.target = target if any(vars(target).values()) else Target(self.networks.scale)
        self._tile, self._ensemble = tile, ensemble
        for step in self.networks.passes(self.target.scale or 1):
            self._enlarger(step)  # what cannot be opened is said now

    @property
    def scale(self) -> float | None:
        """Enlargement; `None` if another size was asked for."""
        return self.target.scale

    @property
    def engine(self) -> KerasEngine | TiledFileEngine | PlainFileEngine:
        """The engine of the first pass."""
        return self.networks.open(self.networks.passes(self.target.scale or 2)[0])

    def _enlarger(self, step):
        engine = self.networks.open(step)
        tile = TILES.get(engine.scale, 1024 // engine.scale) if self._tile is None else self._tile
        least = 2 * (engine.radius or 0) + SMALLEST_PART
        if tile < least and self._tile is not None:
            raise UserError(f"tile must be at least {least} for this network, not {tile}")
        return Enlarger(engine, max(tile, least), self._ensemble)

    @overload
    def __call__(self, image: Picture) -> Picture: ...

    @overload
    def __call__(
        self,
        image: str | os.PathLike[str],
        out: str | os.PathLike[str] | None = None,
        *,
        overwrite: bool = True,
        quality: int = QUALITY,
        tick: Callable[[int], object] | None = None,
    ) -> pathlib.Path: ...

    def __call__(
        self,
        image: np.ndarray | Image.Image | str | os.PathLike[str],
        out: str | os.PathLike[str] | None = None,
        *,
        overwrite: bool = True,
        quality: int = QUALITY,
        tick: Callable[[int], object] | None = None,
    ) -> np.ndarray | Image.Image | pathlib.Path:
        """Enlarges a picture.

        Args:
            image: one of
                - an array: H x W, or H x W x C with C of 1 (gray), 3 (RGB) or 4 (RGB and alpha);
                  uint8, uint16, or float of 0..1;
                - a Pillow image of any mode that has an agreed white;
                - a path: see `keras_secn.upscaling.upscale_file.upscale_file`.
            out: where a file goes, if `image` is a path; `photo_x2.jpg` beside `photo.jpg` if
                `None`.
            overwrite: of files: replace one that is there.
            quality: of files: of JPEG, WebP and AVIF, 1 to 100.
            tick: of files: see `bands`.

        Returns:
            The kind that was given: an array of the same type and number of dimensions, a Pillow
            image (gray, RGB, or with alpha), or the path of the file that was written.

        Raises:
            UserError: an array or image of another kind, or an unreadable file.
        """
        if isinstance(image, str | os.PathLike):
            from keras_secn.upscaling.upscale_file import upscale_file

            return upscale_file(self, image, out, overwrite=overwrite, quality=quality, tick=tick)
        if out is not None or not overwrite or quality != QUALITY:
            raise UserError("out and its options are for files; save the result yourself")
        if isinstance(image, np.ndarray):
            return self._array(image)
        if hasattr(image, "getbands"):
            return self._pillow(image)
        raise UserError(
            f"upscale takes arrays, Pillow images and paths, not {type(image).__name__}"
        )

    def _array(self, image):
        if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 3, 4)):
            raise UserError(f"upscale takes H x W or H x W x 1, 3 or 4, not {image.shape}")
        if 0 in image.shape:
            raise UserError(f"an empty picture: {image.shape}")
        floating = np.issubdtype(image.dtype, np.floating)
        if not floating and image.dtype.newbyteorder("=") not in (np.uint8, np.uint16):
            raise UserError(f"upscale takes uint8, uint16 or float of 0..1, not {image.dtype}")
        native = np.float32 if floating else image.dtype.newbyteorder("=")
        pixels = image.astype(native, copy=False)
        if floating and not (pixels.min() >= 0 and pixels.max() <= 1):
            raise UserError("float pictures are in 0..1")
        pixels = pixels[..., None] if image.ndim == 2 else pixels
        result = np.concatenate(list(self.bands(pixels)))
        return (result[..., 0] if image.ndim == 2 else result).astype(image.dtype, copy=False)

    def _pillow(self, image):
        from keras_secn.data.images import why_refused
        from keras_secn.upscaling.io import metadata as about
        from keras_secn.upscaling.io.pixels import to_image, to_pixels, upright

        if 0 in image.size:
            raise UserError(f"an empty picture: {image.size}")
        refusal = why_refused(image)
        if refusal:
            raise UserError(refusal)
        image.load()
        metadata = about.of_pillow(image)
        pixels, converted = to_pixels(image, image.info.get("icc_profile"))
        pixels = upright(pixels, metadata.orientation)
        metadata.size = pixels.shape[:2]
        result = to_image(np.concatenate(list(self.bands(pixels))))
        about.to_pillow(metadata.in_srgb() if converted else metadata, result)
        kept = {"dpi", *(() if converted else ("icc_profile",))}
        result.info.update({key: image.info[key] for key in kept & set(image.info)})
        return result

    def work(self, height: int, width: int) -> int:
        """LR pixels that `bands` reports through `tick` for a picture."""
        done, pixels = 0, height * width
        for step in self._passes(height, width):
            done += pixels
            pixels *= step.factor**2
        return done

    def _passes(self, height, width, rough=False):
        large, wide = self.target.size(height, width)
        return self.networks.passes(max(large / height, wide / width), rough)

    def bands(
        self,
        pixels: np.ndarray,
        tick: Callable[[int], object] | None = None,
        rough: bool | None = None,
    ) -> Iterator[np.ndarray]:
        """Enlarges an array as a stream of rows.

        Args:
            pixels: H x W x C; C is 1 (gray), 2 (gray and alpha), 3 (RGB) or 4 (RGB and alpha);
                uint8, uint16, or float32 of 0..1.
            tick: is called with numbers of LR pixels as they are done, `work` in all.
            rough: whether the picture is compressed or noisy; `None` to look at it, and to smooth
                it if it is jagged.

        Yields:
            Finished rows from top to bottom, (h, W', C) of the same type, `target.size` in all.
        """
        if rough is None and self.networks.judges:
            state = condition(pixels)
            rough = not state.clean
            if state.smoothing:
                pixels = smooth(pixels, state.smoothing)
        height, width = pixels.shape[:2]
        steps = [self._enlarger(step) for step in self._passes(height, width, bool(rough))]
        factor = math.prod(step.engine.scale for step in steps)
        yield from reduce_bands(
            _with_alpha(pixels, steps, factor, tick),
            (factor * height, factor * width),
            self.target.size(height, width),
        )


def _with_alpha(pixels, steps, factor, tick):
    if pixels.shape[2] in (1, 3):
        yield from _opaque(pixels, steps, tick)
        return
    alpha = pixels[..., -1:]
    color = _opaque(bleed(pixels[..., :-1], alpha), steps, tick)
    if alpha.min() == alpha.max():
        for rows in color:
            yield np.concatenate([rows, np.full_like(rows[..., :1], alpha[0, 0, 0])], axis=2)
        return
    top = 0
    for rows, clear in zip(color, _opaque(alpha, steps, None), strict=True):
        lines = np.arange(top, top + len(clear)) // factor
        within = limits(alpha, lines[0], lines[-1] + 1)
        between = (limit[lines - lines[0]].repeat(factor, axis=1) for limit in within)
        yield np.concatenate([rows, np.clip(clear, *between)], axis=2)
        top += len(clear)


def _opaque(pixels, steps, tick):
    if not steps:
        yield pixels
        return
    dtype = pixels.dtype
    if len(steps) > 1 and dtype == np.uint8 and not steps[0].engine.eight_bit:
        # what one pass hands to the next is not rounded to 8 bits
        pixels = pixels.astype(np.uint16) * np.uint16(257)
    for step in steps[:-1]:
        pixels = np.concatenate(list(step.bands(pixels, tick)))
    for rows in steps[-1].bands(pixels, tick):
        yield rows if rows.dtype == dtype else to_eight_bit(rows)
