"""Enlarged frames to files: streamed where the format allows it, whole or not there."""

import itertools

import numpy as np
from PIL import Image

from keras_secn.upscaling.io import png
from keras_secn.upscaling.io.metadata import on_white, to_eight_bit, to_image
from keras_secn.utils.errors import UserError

# suffix -> Pillow's name
FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".gif": "GIF",
    ".bmp": "BMP",
    ".avif": "AVIF",
}
LONGEST = {"PNG": png.LARGEST, "JPEG": 65535, "WEBP": 16383, "GIF": 65535, "AVIF": 65535}
MOVING = ("GIF", "WEBP", "PNG", "AVIF")
OPAQUE = ("JPEG", "BMP")
JPEG_EXIF = 65500  # bytes that one segment holds
MAKER_NOTE = 0x927C


def check(kind, shape, source):
    """Raises a `UserError` if a format cannot hold what is to be written.

    Args:
        kind: a value of `FORMATS`.
        shape: (height, width) of the result.
        source: the `reading.Source`.
    """
    if max(shape) > LONGEST.get(kind, max(shape)):
        raise UserError(
            f"{source.path}: {shape[1]}x{shape[0]} is more than {kind} holds"
            f" ({LONGEST[kind]} pixels a side); use --format png or tiff"
        )
    if source.moving and kind not in MOVING:
        raise UserError(f"{source.path}: {kind} holds no animation; use gif, webp, png or avif")
    if source.count > 1 and not source.moving and kind != "TIFF":
        raise UserError(f"{source.path}: has {source.count} pages, which only TIFF holds")


def write(path, kind, frames, source, quality):
    """Writes all frames.

    Args:
        path: of the file, which nobody else reads yet.
        kind: a value of `FORMATS`.
        frames: iterable of (bands, shape, dtype, metadata, duration) as `png.write_png` takes them.
        source: the `reading.Source`.
        quality: of lossy formats, 1 to 100.
    """
    if source.moving:
        _write_moving(path, kind, frames, source, quality)
    elif kind == "TIFF":
        from keras_secn.upscaling.io import tiff

        frames = iter(frames)
        first = next(frames)
        nbytes = source.count * int(np.prod(first[1])) * np.dtype(first[2]).itemsize
        with tiff.open_tiff(path, nbytes) as file:
            for bands, shape, dtype, metadata, _ in itertools.chain([first], frames):
                tiff.write_page(file, bands, shape, dtype, metadata)
    else:
        bands, shape, dtype, metadata, _ = next(iter(frames))
        if kind == "PNG":
            png.write_png(path, bands, shape, dtype, metadata)
        else:
            image = _collect(bands, shape, kind)
            image.save(path, kind, **_options(kind, image, metadata, quality))


def _collect(bands, shape, kind):
    """A Pillow image in 8 bits, which is all that these formats hold."""
    channels = shape[2] - (kind in OPAQUE and shape[2] in (2, 4))
    whole = np.empty((*shape[:2], channels), np.uint8)
    top = 0
    for band in bands:
        rows = to_eight_bit(on_white(band) if kind in OPAQUE else band)
        whole[top : top + len(rows)] = rows
        top += len(rows)
    image = to_image(whole)
    if kind == "GIF":
        return _palette(image)
    # WebP and AVIF know no gray
    return image.convert("RGBA") if image.mode == "LA" else image


def _options(kind, image, metadata, quality):
    options = {}
    if metadata.icc:
        options["icc_profile"] = metadata.icc
    if kind in ("JPEG", "WEBP", "AVIF"):
        options["quality"] = quality
        exif = metadata.exif_bytes(image.height, image.width)
        if kind == "JPEG" and len(exif) > JPEG_EXIF:
            # a maker's private note is what makes EXIF as large as this
            metadata.exif.get_ifd(0x8769).pop(MAKER_NOTE, None)
            exif = metadata.exif_bytes(image.height, image.width)
        if exif and not (kind == "JPEG" and len(exif) > JPEG_EXIF):
            options["exif"] = exif
        if metadata.xmp:
            options["xmp"] = metadata.xmp
    if kind == "JPEG":
        # full colour resolution: the network has just made it
        options |= {"subsampling": 0, "optimize": True}
        if metadata.dpi:
            options["dpi"] = tuple(round(float(value)) for value in metadata.dpi)
    if kind == "WEBP":
        options["method"] = 4
    return options


def _write_moving(path, kind, frames, source, quality):
    durations, first, options = [], None, {}

    def images():
        nonlocal first, options
        for bands, shape, _, metadata, duration in frames:
            image = _collect(bands, shape, kind)
            durations.append(duration)
            if first is None:
                first, options = image, _options(kind, image, metadata, quality)
            yield image

    made = list(images())
    if source.loop is not None:
        options["loop"] = source.loop
    if kind == "GIF":
        # transparent frames must not show the one before through
        options |= {"disposal": 2, "optimize": False}
    if kind == "PNG":
        # each frame stands for itself, as all of them hold the whole picture
        options |= {"blend": 0, "disposal": 0}
    first.save(path, kind, save_all=True, append_images=made[1:], duration=durations, **options)


def _palette(image):
    """At most 256 colours, one of them transparent if a pixel is."""
    if image.mode == "L":
        return image
    alpha = np.asarray(image.getchannel("A")) if "A" in image.getbands() else None
    clear = alpha is not None and alpha.min() < 128
    result = image.convert("RGB").quantize(255, Image.Quantize.MEDIANCUT)
    if clear:
        indices = np.asarray(result).copy()
        indices[alpha < 128] = 255
        palette = result.getpalette()[: 255 * 3]
        result = Image.fromarray(indices, "P")
        result.putpalette([*palette, *[0] * (256 * 3 - len(palette))])
        result.info["transparency"] = 255
    return result
