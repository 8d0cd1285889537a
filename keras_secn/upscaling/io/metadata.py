"""Metadata of a picture that stay true of the result and that its format can hold."""

import math
from typing import NamedTuple

from keras_secn.upscaling.io import color, ifd, jpeg, png_parts
from keras_secn.upscaling.io import exif as directories
from keras_secn.upscaling.io import xmp as packets

HOLDS = {
    "PNG": {"exif", "xmp", "iptc", "dpi", "comment", "text"},
    "JPEG": {"exif", "xmp", "iptc", "dpi", "comment"},
    "WEBP": {"exif", "xmp", "dpi"},
    "TIFF": {"exif", "xmp", "iptc", "dpi"},
    "AVIF": {"exif", "xmp", "dpi"},
    "GIF": {"comment"},
    "BMP": {"dpi"},
}
NAMES = {"exif": "EXIF", "xmp": "XMP", "iptc": "IPTC", "dpi": "the resolution"}
NAMES |= {"comment": "a comment", "text": "texts"}
LIMITS = {"exif": jpeg.LONGEST - 6, "xmp": jpeg.LONGEST - 29, "iptc": jpeg.LONGEST - 27}
ICC_LIMIT = 255 * (jpeg.LONGEST - 14)
XMP_TAG, IPTC_TAG, PHOTOSHOP_TAG, ICC_TAG = 700, 33723, 34377, 34675
POINTS, CURVE_TAG = (318, 319), 301  # white and primaries; a table
# a PNG's keywords that EXIF has tags for
KEYWORDS = {
    b"Description": directories.DESCRIPTION,
    b"Author": directories.ARTIST,
    b"Copyright": directories.COPYRIGHT,
    b"Software": directories.SOFTWARE,
}
USUAL = (72, 96)  # resolutions that programs write unasked


class Metadata(NamedTuple):
    """What a file says of one picture.

    Args:
        exif: `exif.Exif`, or `None`.
        xmp: bytes or None.
        icc: ICC profile, bytes or None.
        iptc: IPTC-IIM record, bytes or None.
        dpi: (x, y) or None.
        comment: bytes or None.
        text: a PNG's texts, pairs of chunk name and content.
        cicp: primaries, transfer, matrix and range, or None.
        png: dictionary of "gamma", "chromaticity", "srgb" and "light", where the file has them.
        size: (height, width) upright; `None` for the result's own.
        turned: the pixels were turned upright.
        converted: the colors are no longer the file's, but sRGB.
    """

    exif: directories.Exif | None = None
    xmp: bytes | None = None
    icc: bytes | None = None
    iptc: bytes | None = None
    dpi: tuple | None = None
    comment: bytes | None = None
    text: tuple = ()
    cicp: tuple | None = None
    png: dict = {}
    size: tuple | None = None
    turned: bool = False
    converted: bool = False

    def in_srgb(self):
        """The same, without what describes other colors."""
        return self._replace(icc=None, cicp=None, png={}, converted=True)


class Written(NamedTuple):
    """Metadata as one format takes it: bytes that nothing has to be checked of.

    Args:
        exif: bytes from the byte order on; empty if there is none.
        tags: the same as `exif.Exif`, for TIFF.
        xmp, icc, iptc, comment: bytes or None.
        dpi, text, cicp, png: as in `Metadata`.
        source: profile that the pixels must be converted from, to sRGB; or None.
    """

    exif: bytes = b""
    tags: directories.Exif = directories.empty()
    xmp: bytes | None = None
    icc: bytes | None = None
    iptc: bytes | None = None
    comment: bytes | None = None
    dpi: tuple | None = None
    text: tuple = ()
    cicp: tuple | None = None
    png: dict = {}
    source: bytes | None = None


def of_parts(parts):
    """The `Metadata` of a file's `parts.Parts`, and the orientation in its EXIF or `None`."""
    tags, orientation, dpi = None, None, None
    if parts.exif:
        tags, orientation, dpi, problems = directories.read(parts.exif)
        parts.problems += problems
    described = ("gamma", "chromaticity", "srgb", "light")
    kept = {key: parts.png[key] for key in described if key in parts.png}
    return Metadata(
        exif=tags or None,
        xmp=parts.xmp,
        icc=parts.icc,
        iptc=parts.iptc,
        dpi=parts.dpi or dpi,
        comment=parts.comment,
        text=tuple(parts.text),
        cicp=parts.cicp,
        png=kept,
    ), orientation


def of_page(content, offset, problems):
    """The `Metadata` of a TIFF's page, and its orientation or `None`."""
    tags, orientation, dpi, found = directories.read(content, offset)
    problems += found
    wanted = {XMP_TAG, IPTC_TAG, PHOTOSHOP_TAG, ICC_TAG, *POINTS, CURVE_TAG}
    other, _, _ = ifd.read_directory(content, offset, tags.layout, wanted)
    data = {tag: entry.data for tag, entry in other.items()}
    if CURVE_TAG in data and ICC_TAG not in data:
        problems.append("a transfer function")
    iptc = data.get(IPTC_TAG) or jpeg.iptc_of(data.get(PHOTOSHOP_TAG, b""))
    return Metadata(
        exif=tags or None,
        xmp=data.get(XMP_TAG),
        icc=data.get(ICC_TAG),
        iptc=iptc,
        dpi=dpi,
        png=_primaries([other.get(tag) for tag in POINTS], tags.layout),
    ), orientation


def of_pillow(image):
    """The EXIF and XMP of a Pillow image as `Metadata`, and the orientation in EXIF or `None`."""
    content, xmp = image.info.get("exif"), image.info.get("xmp")
    tags, orientation = directories.read(content)[:2] if content else (None, None)
    return Metadata(exif=tags or None, xmp=xmp if isinstance(xmp, bytes) else None), orientation


def to_pillow(metadata, image):
    """Gives an enlarged Pillow image what it would save as EXIF and XMP."""
    written = prepare(metadata, "PNG", image.size[::-1], False, [])
    found = {"exif": written.exif and b"Exif\0\0" + written.exif, "xmp": written.xmp}
    image.info.update({key: value for key, value in found.items() if value})


def _primaries(entries, layout):
    """What a PNG would say of a TIFF's white and primaries (TIFF 6.0, section 20)."""
    found = [value for entry in entries for value in ifd.numbers(entry, layout)]
    if len(found) != 8 or not all(isinstance(v, tuple) and 0 < v[0] < v[1] for v in found):
        return {}
    return {"gamma": 1 / 2.2, "chromaticity": tuple(top / bottom for top, bottom in found)}


def prepare(metadata, kind, size, gray, notes):
    """Metadata for a result.

    Args:
        metadata: the original's `Metadata`.
        kind: the result's format, in Pillow's words.
        size: (height, width) of the result.
        gray: the result has no colors.
        notes: list that gets what is left out.

    Returns:
        A `Written`.

    Raises:
        UserError: the format cannot say what the numbers mean.
    """
    settled = color.settle(kind, gray, metadata.icc, metadata.cicp, metadata.png)
    notes += settled.notes
    if settled.source:
        metadata = metadata.in_srgb()
        notes.append(f"the ICC profile, which {kind} cannot hold: colors are sRGB now")
    icc = settled.icc
    if icc and kind == "JPEG" and len(icc) > ICC_LIMIT:
        notes.append("the ICC profile, which is too large for JPEG")
        icc = None
    found = _true_ones(metadata, size, notes)
    found |= _moved_texts(metadata, kind, found)
    lost = [field for field, value in found.items() if value and field not in HOLDS[kind]]
    if "dpi" in lost and all(round(value) in USUAL for value in found["dpi"]):
        lost.remove("dpi")
    if lost:
        what = ", ".join(NAMES[field] for field in lost)
        notes.append(f"{what}, which {kind} cannot hold")
    held = {field: value for field, value in found.items() if field in HOLDS[kind]}
    tags = held.pop("exif", None) or directories.empty()
    dpi = held.get("dpi")
    packed = b""
    if kind in ("PNG", "JPEG", "WEBP", "AVIF"):
        resolution = dpi if kind in ("WEBP", "AVIF") or (kind == "JPEG" and tags) else None
        packed = directories.to_bytes(tags, resolution)
        if kind == "JPEG" and len(packed) > LIMITS["exif"]:
            # a maker's private note is what makes EXIF as large as this
            tags.details.pop(directories.MAKER_NOTE, None)
            notes.append("the maker's note, which is too large for JPEG")
            packed = directories.to_bytes(tags, resolution)
    if kind == "JPEG":
        for field, content in (("exif", packed), ("xmp", held.get("xmp")), ("iptc", held["iptc"])):
            if content and len(content) > LIMITS[field]:
                notes.append(f"{NAMES[field]}, which is too large for JPEG")
                held[field] = None
        packed = packed if len(packed) <= LIMITS["exif"] else b""
        held.pop("exif", None)
        if held["comment"]:
            held["comment"] = held["comment"][: jpeg.LONGEST]
    return Written(
        exif=packed,
        tags=tags,
        icc=icc,
        cicp=settled.cicp,
        png=settled.png,
        source=settled.source,
        **held,
    )


def _true_ones(metadata, size, notes):
    """What stays true of the enlarged picture, by field."""
    own = metadata.size or size
    ratio = size[1] / own[1]
    tags, packet = metadata.exif, None
    if tags:
        tags = directories.enlarged(tags, size, ratio, metadata.turned)
    if tags and metadata.converted:
        tags.details.pop(directories.COLOR_SPACE, None)
        tags = tags._replace(interoperability={})
    if metadata.xmp:
        packet = packets.enlarged(metadata.xmp, size, ratio, metadata.turned, metadata.converted)
        if packet is None:
            notes.append("XMP, which cannot be read")
    dpi = metadata.dpi
    if dpi and not all(math.isfinite(value) and 0.01 < value < 1e6 for value in dpi):
        dpi = None
        notes.append("a resolution that is none")
    found = {"exif": tags, "xmp": packet, "iptc": metadata.iptc, "dpi": dpi}
    return found | {"comment": metadata.comment, "text": metadata.text}


def _moved_texts(metadata, kind, found):
    """Texts and comments where the format has another place for them."""
    text, comment, tags = found["text"], found["comment"], found["exif"]
    if kind == "PNG":
        if comment and not any(content.startswith(b"Comment\0") for _, content in text):
            text = (*text, _text_chunk(b"Comment", comment))
        return {"text": text, "comment": None}
    moved, rest = {}, []
    for name, content in text:
        keyword, _, value = content.partition(b"\0")
        try:
            value = png_parts.text_value(name, value)
            if name != b"iTXt":
                value = value.decode("latin-1").encode()
        except Exception:  # a damaged text stays one of those that are left out
            value = b""
        if keyword in KEYWORDS and value and "exif" in HOLDS[kind]:
            moved[KEYWORDS[keyword]] = value
        elif keyword == b"Comment" and value and not comment:
            comment = value
        else:
            rest.append((name, content))
    if comment and "comment" not in HOLDS[kind] and "exif" in HOLDS[kind]:
        moved.setdefault(directories.DESCRIPTION, comment)
        comment = None
    if moved:
        tags = directories.with_texts(tags or directories.empty(), moved)
    return {"text": tuple(rest), "comment": comment, "exif": tags}


def _text_chunk(keyword, value):
    try:
        value.decode()
    except UnicodeDecodeError:
        return b"tEXt", keyword + b"\0" + value.replace(b"\0", b" ")
    return b"iTXt", keyword + b"\0\0\0\0\0" + value
