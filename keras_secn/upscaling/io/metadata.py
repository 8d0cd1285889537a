"""Metadata of a picture that stay true of the result and that its format can hold."""

import math

from keras_secn.upscaling.io import color, ifd, jpeg, png_read
from keras_secn.upscaling.io import exif as directories
from keras_secn.upscaling.io import xmp as packets
from keras_secn.upscaling.io.file_parts import Metadata

NAMES = {"tags": "EXIF", "xmp": "XMP", "iptc": "IPTC", "dpi": "the resolution"}
NAMES |= {"comment": "a comment", "text": "texts"}
HOLDS = {
    "PNG": {"tags", "xmp", "iptc", "dpi", "comment", "text"},
    "JPEG": {"tags", "xmp", "iptc", "dpi", "comment"},
    "WEBP": {"tags", "xmp", "dpi"},
    "TIFF": {"tags", "xmp", "iptc", "dpi"},
    "AVIF": {"tags", "xmp", "dpi"},
    "GIF": {"comment"},
    "BMP": {"dpi"},
}
# bytes that a JPEG holds
JPEG_LIMITS = {
    "exif": ("EXIF", jpeg.LONGEST - len(jpeg.EXIF)),
    "xmp": ("XMP", jpeg.LONGEST - len(jpeg.XMP)),
    "iptc": ("IPTC", jpeg.LONGEST - 27),
    "icc": ("the ICC profile", 255 * (jpeg.LONGEST - len(jpeg.ICC) - 2)),
}
XMP_TAG, IPTC_TAG, PHOTOSHOP_TAG, ICC_TAG = 700, 33723, 34377, 34675
WHITE_TAG, PRIMARIES_TAG, CURVE_TAG = 318, 319, 301
# a PNG's keywords that EXIF has tags for
KEYWORDS = {
    b"Description": directories.DESCRIPTION,
    b"Author": directories.ARTIST,
    b"Copyright": directories.COPYRIGHT,
    b"Software": directories.SOFTWARE,
}
USUAL = (72, 96)  # resolutions that programs write unasked


def with_tags(metadata, problems):
    """The same `Metadata` with the tags of its EXIF in place of the bytes."""
    if metadata.exif:
        metadata.tags, metadata.orientation, dpi, found = directories.read(metadata.exif)
        metadata.exif, metadata.dpi = b"", metadata.dpi or dpi
        problems += found
    return metadata


def of_page(content, offset, problems):
    """The `Metadata` of a TIFF's page."""
    tags, orientation, dpi, found = directories.read(content, offset)
    problems += found
    layout = ifd.read_layout(content)[0]
    wanted = {XMP_TAG, IPTC_TAG, PHOTOSHOP_TAG, ICC_TAG, WHITE_TAG, PRIMARIES_TAG, CURVE_TAG}
    other, _, _ = ifd.read_directory(content, offset, layout, wanted)
    data = {tag: entry.data for tag, entry in other.items()}
    if CURVE_TAG in data and ICC_TAG not in data:
        problems.append("a transfer function")
    points = [ifd.numbers(other.get(tag), layout) for tag in (WHITE_TAG, PRIMARIES_TAG)]
    return Metadata(
        tags=tags,
        orientation=orientation,
        xmp=data.get(XMP_TAG),
        icc=data.get(ICC_TAG),
        iptc=data.get(IPTC_TAG) or jpeg.iptc_of(data.get(PHOTOSHOP_TAG, b"")),
        dpi=dpi,
        png=_primaries([*points[0], *points[1]]),
    )


def _primaries(points):
    """What a PNG would say of a TIFF's white and primaries (TIFF 6.0, section 20)."""
    if len(points) != 8 or not all(isinstance(v, tuple) and 0 < v[0] < v[1] for v in points):
        return {}
    return {"gamma": 1 / 2.2, "chromaticity": tuple(top / bottom for top, bottom in points)}


def of_pillow(image):
    """The EXIF and XMP of a Pillow image as `Metadata`."""
    content, xmp = image.info.get("exif"), image.info.get("xmp")
    return with_tags(Metadata(exif=content, xmp=xmp if isinstance(xmp, bytes) else None), [])


def to_pillow(metadata, image):
    """Gives an enlarged Pillow image what it would save as EXIF and XMP."""
    made = prepare(metadata, "PNG", image.size[::-1], False, [])
    found = {"exif": made.exif and b"Exif\0\0" + made.exif, "xmp": made.xmp}
    image.info.update({key: value for key, value in found.items() if value})


def prepare(metadata, kind, size, gray, notes):
    """`Metadata` that are true of a result of (height, width), and that its format can hold.

    `notes` gets what is left out. A `UserError` if the format cannot say what the numbers mean.
    """
    made = color.settle(metadata, kind, gray, notes)
    _enlarge(made, size, notes)
    _move_texts(made, kind)
    lost = [field for field in NAMES if getattr(made, field) and field not in HOLDS[kind]]
    if "dpi" in lost and all(round(value) in USUAL for value in made.dpi):
        lost.remove("dpi")
    if lost:
        what = ", ".join(NAMES[field] for field in lost)
        notes.append(f"{what}, which {kind} cannot hold")
    if kind == "JPEG":
        _fit_into_jpeg(made, notes)
    elif "tags" in HOLDS[kind]:
        made.exif = directories.to_bytes(made.tags, made.dpi if kind != "PNG" else None)
    return made


def _enlarge(made, size, notes):
    """Leaves what stays true of the enlarged picture."""
    ratio = size[1] / (made.size or size)[1]
    made.tags = directories.enlarged(made.tags, size, ratio, made.turned)
    if made.converted:
        made.tags = made.tags.without(directories.COLOR_SPACE, directories.INTEROPERABILITY)
    if made.xmp:
        made.xmp = packets.enlarged(made.xmp, size, ratio, made.turned, made.converted)
        if made.xmp is None:
            notes.append("XMP, which cannot be read")
    if made.dpi and not all(math.isfinite(value) and 0.01 < value < 1e6 for value in made.dpi):
        made.dpi = None
        notes.append("a resolution that is none")


def _move_texts(made, kind):
    """Puts texts and comments where the format has another place for them."""
    if kind == "PNG":
        if made.comment and not any(text.startswith(b"Comment\0") for _, text in made.text):
            made.text = (*made.text, png_read.text_chunk(b"Comment", made.comment))
        made.comment = None
        return
    moved, rest = {}, []
    for name, content in made.text:
        keyword, _, value = content.partition(b"\0")
        try:
            value = png_read.text_value(name, value)
            if name != b"iTXt":
                value = value.decode("latin-1").encode()
        except Exception:  # a damaged text stays one of those that are left out
            value = b""
        if keyword in KEYWORDS and value and "tags" in HOLDS[kind]:
            moved[KEYWORDS[keyword]] = value
        elif keyword == b"Comment" and value and not made.comment:
            made.comment = value
        else:
            rest.append((name, content))
    if made.comment and "comment" not in HOLDS[kind] and "tags" in HOLDS[kind]:
        moved.setdefault(directories.DESCRIPTION, made.comment)
        made.comment = None
    made.text, made.tags = tuple(rest), directories.with_texts(made.tags, moved)


def _fit_into_jpeg(made, notes):
    dpi = made.dpi if made.tags else None  # else it stands in JFIF's segment
    made.exif = directories.to_bytes(made.tags, dpi)
    if len(made.exif) > JPEG_LIMITS["exif"][1]:
        # a maker's private note is what makes EXIF as large as this
        notes.append("the maker's note, which is too large for JPEG")
        made.exif = directories.to_bytes(made.tags.without(directories.MAKER_NOTE), dpi)
    for field, (name, limit) in JPEG_LIMITS.items():
        if len(getattr(made, field) or b"") > limit:
            notes.append(f"{name}, which is too large for JPEG")
            setattr(made, field, b"")
    made.comment = made.comment and made.comment[: jpeg.LONGEST]
