"""Small pictures of every format that say all they can beside their pixels."""

import io
import struct
import zlib

from odd_files import picture, srgb
from PIL import Image, PngImagePlugin

FORMATS = ["png", "jpg", "webp", "tif", "gif", "bmp", "avif"]
COPYRIGHT = "© 2024 Jürgen".encode()
DATE = "2024:05:06 07:08:09"
IPTC = b"\x1c\x02\x05\x00\x06Titel!"
COMMENT = b"made by hand"
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
    ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    ' xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
    ' {} xmp:Rating="4"/></rdf:RDF></x:xmpmeta>'
)
# what a format holds; `text` stands for what is a PNG's own
HOLDS = {
    "png": {"exif", "gps", "xmp", "icc", "iptc", "dpi", "comment", "text"},
    "jpg": {"exif", "gps", "xmp", "icc", "iptc", "dpi", "comment"},
    "webp": {"exif", "gps", "xmp", "icc", "dpi"},
    "tif": {"exif", "gps", "xmp", "icc", "iptc", "dpi"},
    "gif": {"comment"},
    "bmp": {"dpi"},
    "avif": {"exif", "gps", "xmp", "icc", "dpi"},
}


def photograph(mode="RGB", width=13, height=11):
    return Image.fromarray(picture(width, height)).convert(mode)


def exif(**first):
    made = Image.Exif()
    made[0x8298] = COPYRIGHT
    made.get_ifd(0x8769).update({0x9003: DATE, 0xA002: 13, 0xA003: 11})
    made.get_ifd(0x8825).update({1: "N", 2: (1.0, 2.0, 3.0)})
    return made


def jpeg_segment(content, marker, data):
    """A JPEG with one more segment."""
    return content[:2] + struct.pack(">BBH", 255, marker, len(data) + 2) + data + content[2:]


def saved(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_chunks(content):
    place, found = 8, []
    while place < len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        found.append((content[place + 4 : place + 8], content[place + 8 : place + 8 + length]))
        place += 12 + length
    return found


def png_with(content, *chunks):
    """A PNG with more chunks behind its header."""
    made = b""
    for name, data in chunks:
        made += struct.pack(">I", len(data)) + name + data
        made += struct.pack(">I", zlib.crc32(name + data))
    return content[:33] + made + content[33:]


def raw_profile(kind, data):
    return b"tEXt", b"Raw profile type %s\0\n%s\n%8d\n%s\n" % (
        kind,
        kind,
        len(data),
        data.hex().encode(),
    )


def full(suffix):
    """A file of a format that says all it can."""
    image, xmp = photograph(), XMP.format('tiff:Orientation="1"').encode()
    if suffix == "png":
        info = PngImagePlugin.PngInfo()
        info.add_text("Title", "Käfer")
        info.add_text("Comment", COMMENT.decode())
        info.add_itxt("XML:com.adobe.xmp", xmp.decode())
        content = saved(image, "PNG", pnginfo=info, exif=exif(), dpi=(300, 300), icc_profile=srgb())
        return png_with(content, raw_profile(b"iptc", IPTC))
    if suffix == "jpg":
        options = {"exif": exif(), "dpi": (300, 300), "icc_profile": srgb(), "xmp": xmp}
        content = saved(image, "JPEG", quality=95, comment=COMMENT, **options)
        resources = b"8BIM\4\4\0\0" + struct.pack(">I", len(IPTC)) + IPTC + bytes(len(IPTC) % 2)
        return jpeg_segment(content, 0xED, b"Photoshop 3.0\0" + resources)
    made = exif()
    made[0x011A], made[0x011B], made[0x0128] = 300, 300, 2
    options = {"exif": made, "icc_profile": srgb(), "xmp": xmp}
    if suffix == "webp":
        return saved(image, "WEBP", lossless=True, **options)
    if suffix == "avif":
        return saved(image, "AVIF", quality=95, **options)
    if suffix == "gif":
        return saved(image, "GIF", comment=COMMENT)
    if suffix == "bmp":
        return saved(image, "BMP", dpi=(300, 300))
    made[700], made[33723] = xmp, IPTC
    # Pillow writes these into a TIFF when they are told as values
    made[0x8769], made[0x8825] = dict(made.get_ifd(0x8769)), dict(made.get_ifd(0x8825))
    return saved(image, "TIFF", exif=made, icc_profile=srgb(), dpi=(300, 300))


def tiff_block(*tags, order="<"):
    """EXIF of raw tags: (tag, type, count, four bytes)."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    lines = b"".join(struct.pack(order + "HHI4s", *tag) for tag in sorted(tags))
    return head + struct.pack(order + "H", len(tags)) + lines + bytes(4)


WITH_EXIF = ["jpg", "png", "webp", "tif", "avif"]
