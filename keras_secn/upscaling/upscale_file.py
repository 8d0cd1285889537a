"""Enlarges one image file."""

import pathlib
import warnings

from keras_secn.upscaling.condition import Condition, condition, smooth
from keras_secn.upscaling.io import video, write
from keras_secn.upscaling.io.read import read_frames, read_header
from keras_secn.upscaling.target import QUALITY
from keras_secn.utils.atomic_file import atomic_path
from keras_secn.utils.errors import UserError, require_values


def output_suffix(source, suffix=None):
    """The suffix asked for, or the one that goes with a `read.Source`'s content."""
    if suffix is not None:
        return suffix
    fit = [known for known, kind in write.FORMATS.items() if kind == source.format]
    own = source.path.suffix  # .jpeg stays .jpeg
    return own if own.lower() in fit else fit[0]


def check_quality(quality):
    """Raises a `UserError` unless it is a whole number from 1 to 100."""
    if quality not in range(1, 101):
        raise UserError(f"quality must be within 1..100, not {quality}")


def upscale_file(upscaler, path, out=None, *, overwrite=True, quality=QUALITY, tick=None):
    """Enlarges an image file: all frames or pages, 8 or 16 bits, upright, with its metadata.

    PNG and TIFF are written as they are made, so that memory does not follow the picture; other
    formats are held whole, in 8 bits. EXIF, XMP, IPTC, ICC profile, cICP, resolution and texts are
    kept as far as they stay true of the result and its format holds them; a warning names what is
    left out.

    Args:
        upscaler: an `Upscaler`.
        path: the image.
        out: the file to write, whose suffix says the format; `photo_x2.jpg` beside `photo.jpg` if
            `None`.
        overwrite: replace a file that is there.
        quality: of JPEG, WebP and AVIF, 1 to 100.
        tick: see `Upscaler.bands`.

    Returns:
        The path that was written.

    Raises:
        UserError: an empty name, an unreadable file, an unknown or unfit format, or `out` is there
            already.
        OSError: the result cannot be written.
    """
    check_quality(quality)
    require_values({"image": path, "out": out})
    if video.is_video(path):
        raise UserError(f"{path} is a video, which {video.__name__}.upscale_video enlarges")
    source = read_header(path)
    if out is None:
        name = f"{source.path.stem}_{upscaler.target.tag}{output_suffix(source)}"
        out = source.path.with_name(name)
    out = pathlib.Path(out)
    kind = write.FORMATS.get(out.suffix.lower())
    if kind is None:
        known = ", ".join(write.FORMATS)
        raise UserError(f"{out}: unknown format {out.suffix!r}; known are {known}")
    if out.is_dir():
        raise UserError(f"{out} is a folder")
    if not overwrite and out.exists():
        raise UserError(f"{out} is there already")
    height, width = upscaler.target.size(*source.size)
    write.check(kind, (height, width), source)
    notes = []
    try:
        with atomic_path(out, like=source.path) as temporary:
            frames = _frames(upscaler, source, tick, notes)
            write.write(temporary, kind, frames, source, int(quality), notes)
    except MemoryError:
        raise UserError(f"{source.path}: there is not enough memory for {width}x{height}") from None
    except UserError as error:
        text = str(error)
        raise UserError(text if str(source.path) in text else f"{source.path}: {text}") from None
    if notes:
        what = "; ".join(dict.fromkeys(notes))
        warnings.warn(f"{source.path}: left out {what}", UserWarning, stacklevel=2)
    return out


def _frames(upscaler, source, tick, notes):
    state = None if upscaler.networks.judges else Condition(True, "")
    for frame in read_frames(source, notes):
        height, width, channels = frame.pixels.shape
        size = upscaler.target.size(height, width)
        if state is None:
            state = condition(frame.pixels, source.tables, source.lossy)
            upscaler.networks.tell(source.path, state, max(size) / max(height, width))
        pixels = smooth(frame.pixels, state.smoothing) if state.smoothing else frame.pixels
        bands = upscaler.bands(pixels, tick, not state.clean)
        yield bands, (*size, channels), frame.pixels.dtype, frame.metadata, frame.duration
