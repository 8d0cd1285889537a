"""Writes enlarged frames to files, atomically, and streamed where the format allows it."""

import io
import itertools
import math

import numpy as np
from PIL import Image

from keras_secn.upscaling.depth import to_eight_bit
from keras_secn.upscaling.io import jpeg, png, tiff
from keras_secn.upscaling.io.color import relabel_avif, to_srgb
from keras_secn.upscaling.io.metadata import prepare
from keras_secn.upscaling.io.pixels import on_white, to_image
from keras_secn.upscaling.io.read import MOVING
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
# pixels a side; more of JPEG and AVIF their libraries do not write, or do not read again
LONGEST = {"PNG": png.LARGEST, "JPEG": 65500, "WEBP": 16383, "GIF": 65535, "AVIF": 32768}
LARGEST = {"AVIF": 16384**2, "BMP": (2**32 - 2**20) // 4}  # pixels in all
OPAQUE = ("JPEG", "BMP")
STREAMED = ("PNG", "TIFF")  # memory does not follow a result of these
OPTIMIZED = 2**25  # pixels of a JPEG, at most
CLEAR = 255  # a GIF's transparent color, by number
LONGEST_TIME, MOST_RUNS = 655350, 65535  # of an animation: milliseconds of a frame, times


def check(kind, shape, source):
    """Raises a `UserError` if a format cannot hold a `read.Source` enlarged to (height, width)."""
    result, advice = f"{source.path}: {shape[1]}x{shape[0]}", "use --format png or tiff"
    if max(shape) > (longest := LONGEST.get(kind, math.inf)):
        raise UserError(f"{result} is more than {kind} holds ({longest} pixels a side); {advice}")
    if math.prod(shape) > (largest := LARGEST.get(kind, math.inf)):
        raise UserError(f"{result} has more pixels than {kind} holds ({largest}); {advice}")
    if source.moving and kind not in MOVING:
        raise UserError(f"{source.path}: {kind} holds no animation; use gif, webp, png or avif")
    if source.count > 1 and not source.moving and kind != "TIFF":
        raise UserError(f"{source.path}: has {source.count} pages, which only TIFF holds")


def write(path, kind, frames, source, quality, notes):
    """Writes all frames: (bands, shape, dtype, the original's `Metadata`, duration).

    `notes` gets what is left out.
    """
    prepared = (
        (bands, shape, dtype, prepare(metadata, kind, shape[:2], shape[2] < 3, notes), duration)
        for bands, shape, dtype, metadata, duration in frames
    )
    if source.moving:
        _write_moving(path, kind, prepared, source, quality, notes)
    elif kind == "TIFF":
        tiff.write_tiff(path, (page[:4] for page in prepared), source.count)
    else:
        bands, shape, dtype, metadata, _ = next(prepared)
        if kind == "PNG":
            png.write_png(path, bands, shape, dtype, metadata)
        else:
            _save(path, kind, _collect(bands, shape, kind, metadata.source), metadata, quality)


def _collect(bands, shape, kind, profile):
    """A Pillow image in 8 bits, which is all that these formats hold."""
    image, top = None, 0
    for band in bands:
        rows = to_image(to_eight_bit(on_white(band) if kind in OPAQUE else band))
        if image is None:
            image = Image.new(rows.mode, shape[1::-1], None)
        image.paste(rows, (0, top))
        top += rows.height
    if profile:
        image = to_srgb(image, profile) or image
    if kind == "GIF":
        return _palette(image)
    # WebP and AVIF know no gray
    return image.convert("RGBA") if image.mode == "LA" else image


def _save(path, kind, image, metadata, quality, **options):
    """Encodes an image, or several (`append_images`), by Pillow, and adds the metadata."""
    if kind in ("JPEG", "WEBP", "AVIF"):
        options |= {"exif": metadata.exif, "xmp": metadata.xmp or b"", "icc_profile": metadata.icc}
        options["quality"] = quality
    if kind == "JPEG":
        options["subsampling"] = 0  # full color resolution: the network has just made it
        if metadata.exif:
            options["exif"] = jpeg.EXIF + metadata.exif
        if metadata.iptc:
            options["extra"] = jpeg.iptc_segment(metadata.iptc)
        # smaller by a few percent, but libjpeg then holds 6 bytes a pixel
        options["optimize"] = image.width * image.height <= OPTIMIZED
        if metadata.dpi and all(1 <= round(value) <= 65535 for value in metadata.dpi):
            options["dpi"] = tuple(round(value) for value in metadata.dpi)
    if kind == "BMP" and metadata.dpi:
        options["dpi"] = metadata.dpi
    if kind == "WEBP":
        options["method"] = 4
    if metadata.comment and kind in ("JPEG", "GIF"):
        options["comment"] = metadata.comment
    buffer = io.BytesIO()
    try:
        image.save(buffer, kind, **options)
    except (UserError, MemoryError):
        raise
    except Exception as error:  # encoders raise whatever they meet
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{kind} cannot hold it: {reason}") from None
    content = buffer.getbuffer()
    if kind == "AVIF" and metadata.cicp:
        content = relabel_avif(content, metadata.cicp)
    with open(path, "wb") as file:
        if kind == "PNG":
            # the header comes first (section 5.6)
            file.write(content[:33])
            file.write(png.metadata_chunks(metadata))
            content = content[33:]
        file.write(content)


def _write_moving(path, kind, frames, source, quality, notes):
    still = source.still and kind == "PNG"
    if source.still and not still:
        next(frames)
        notes.append(f"the picture that stands for the animation, which {kind} cannot hold")
    made, durations = [], []
    for bands, shape, _, metadata, duration in frames:
        image = _collect(bands, shape, kind, metadata.source)
        # longer ones, and those that are no number, are a file's mistake
        duration = min(max(duration, 0), LONGEST_TIME) if duration == duration else 0
        if len(made) > still and image == made[-1]:
            # encoders join equal frames, and fail at the sum of their times
            durations[-1] = min(durations[-1] + duration, LONGEST_TIME)
            continue
        durations.append(duration)
        made.append(image)
    options = {"default_image": True} if still else {}
    if source.runs and kind == "AVIF":
        notes.append(f"how often it runs ({source.runs}), which AVIF cannot hold")
    elif kind != "GIF":
        options["loop"] = min(source.runs, MOST_RUNS)
    elif source.runs != 1:  # a GIF counts what follows the first run
        options["loop"] = source.runs and min(source.runs - 1, MOST_RUNS)
    if kind == "GIF":
        made = _with_one_transparency(made)
        # transparent frames must not show the one before through
        options |= {"disposal": 2, "optimize": False}
    if kind == "PNG":
        # each frame stands for itself, as all of them hold the whole picture
        options |= {"blend": 0, "disposal": 0}
    else:
        durations = _whole(durations)
    first, *others = made
    options |= {"save_all": True, "append_images": others, "duration": durations[still:]}
    _save(path, kind, first, metadata, quality, **options)


def _whole(durations):
    """Whole milliseconds that do not drift from the times given."""
    ends = [0, *(round(time) for time in itertools.accumulate(durations))]
    return [end - start for start, end in itertools.pairwise(ends)]


def _with_one_transparency(frames):
    """Palette images that all name a transparent color if one of them has one.

    Readers clear a frame to it, and take it from the first.
    """
    if not any("transparency" in frame.info for frame in frames):
        return frames
    result = []
    for frame in frames:
        # a gray frame has no color to spare
        frame = _palette(frame.convert("RGB")) if frame.mode == "L" else frame
        frame.info["transparency"] = CLEAR
        result.append(frame)
    return result


def _palette(image):
    """At most 256 colors, one of them transparent if a pixel is."""
    if image.mode == "L":
        return image
    alpha = np.asarray(image.getchannel("A")) if "A" in image.getbands() else None
    clear = alpha is not None and alpha.min() < 128
    result = image.convert("RGB").quantize(CLEAR, Image.Quantize.MEDIANCUT)
    if clear:
        indices = np.asarray(result).copy()
        indices[alpha < 128] = CLEAR
        palette = result.getpalette()[: CLEAR * 3]
        result = Image.fromarray(indices, "P")
        result.putpalette([*palette, *[0] * (256 * 3 - len(palette))])
        result.info["transparency"] = CLEAR
    return result
