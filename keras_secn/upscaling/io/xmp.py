"""XMP: corrects or drops what is not true of the result.

Specifications: XMP, parts 1 and 2 (ISO 16684-1; Adobe 2016); Google's GPano, GDepth and GCamera.
"""

import functools
import re
from xml.dom import minidom

TIFF = "http://ns.adobe.com/tiff/1.0/"
EXIF = "http://ns.adobe.com/exif/1.0/"
GOOGLE = "http://ns.google.com/photos/1.0/"
PANORAMA = GOOGLE + "panorama/"
PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
XMLNS = "http://www.w3.org/2000/xmlns/"
DIMENSIONS = "http://ns.adobe.com/xap/1.0/sType/Dimensions#"
# namespaces of pictures within the picture, and of what lies behind it in the file
GONE = (
    "http://ns.adobe.com/hdr-gain-map/1.0/",
    "http://ns.apple.com/HDRGainMap/1.0/",
    "http://ns.apple.com/pixeldatainfo/1.0/",
    *(GOOGLE + part for part in ("depthmap/", "image/", "audio/", "camera/", "focus/")),
    *(GOOGLE + part for part in ("container/", "container/item/", "pointcloud/")),
    "http://ns.google.com/photos/dd/1.0/",
    "http://cipa.jp/exif/1.0/mpf/",
)
REGIONS = (
    "http://www.metadataworkinggroup.com/schemas/regions/",
    "http://ns.microsoft.com/photo/1.2/",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/ImageRegion",
)
WRONG = {
    *((TIFF, name) for name in ("BitsPerSample", "Compression", "PhotometricInterpretation")),
    *((TIFF, name) for name in ("SamplesPerPixel", "PlanarConfiguration", "YCbCrSubSampling")),
    *((TIFF, name) for name in ("YCbCrPositioning", "NativeDigest")),
    *((EXIF, name) for name in ("ComponentsConfiguration", "CompressedBitsPerPixel")),
    *((EXIF, name) for name in ("SubjectArea", "SubjectLocation", "NativeDigest")),
    *((EXIF, name) for name in ("FocalPlaneXResolution", "FocalPlaneYResolution")),
    ("http://ns.adobe.com/xap/1.0/", "Thumbnails"),
    ("http://ns.adobe.com/xmp/note/", "HasExtendedXMP"),
    ("http://purl.org/dc/elements/1.1/", "format"),
    ("http://purl.org/dc/terms/", "provenance"),
    (PHOTOSHOP, "ColorMode"),
}
OF_COLORS = {(PHOTOSHOP, "ICCProfile"), (EXIF, "ColorSpace")}
SIZES = {
    (TIFF, "ImageWidth"): 1,
    (EXIF, "PixelXDimension"): 1,
    (TIFF, "ImageLength"): 0,
    (EXIF, "PixelYDimension"): 0,
}
CROPS = ("http://ns.adobe.com/camera-raw-settings/1.0/", re.compile("Crop|HasCrop"))
LARGEST = 2**22  # bytes that are parsed
SIGNS = tuple(
    name.encode()
    for name in (
        TIFF,
        EXIF,
        PHOTOSHOP,
        "http://ns.google.com/",
        *GONE,
        *REGIONS,
        CROPS[0],
        "Thumbnails",
    )
) + (b"HasExtendedXMP", b"dc/elements", b"purl.org/dc/terms")


def enlarged(content, size, ratio, turned, converted=False):
    """XMP for the enlarged picture.

    Args:
        content: bytes of the packet.
        size: (height, width) of the result.
        ratio: enlargement.
        turned: whether the pixels were turned upright, so that places in them are others now.
        converted: whether the colors are sRGB now.

    Returns:
        The bytes, those that were given if nothing in them is wrong; `None` if they cannot be read.
    """
    is_wrong = functools.partial(_is_wrong, turned=turned, converted=converted)
    content = content.rstrip(b"\0")
    plain = content if b"\0" not in content[:64] else content.replace(b"\0", b"")  # UTF-16, -32
    if not any(sign in plain for sign in SIGNS):
        return content
    if len(content) > LARGEST or b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        return None
    try:
        # an XML declaration or blanks before it may be missing or wrong; the packet says UTF-8
        document = minidom.parseString(content.strip())
        _correct(document.documentElement, size, ratio, is_wrong)
        text = "".join(node.toxml() for node in document.childNodes)
        return text.encode()
    except Exception:  # expat's errors, those of odd encodings, nesting too deep
        return None


def _correct(root, size, ratio, is_wrong):
    waiting = [root]
    while waiting:
        node = waiting.pop()
        for attribute in list(node.attributes.values()):
            if attribute.namespaceURI == XMLNS:
                if attribute.value in GONE:
                    node.removeAttributeNode(attribute)
                continue
            name = attribute.namespaceURI, attribute.localName
            if is_wrong(name):
                node.removeAttributeNode(attribute)
            else:
                value = _new_value(name, attribute.value, size, ratio)
                if value is not None:
                    attribute.value = value
        for child in list(node.childNodes):
            if child.nodeType != child.ELEMENT_NODE:
                continue
            name = child.namespaceURI, child.localName
            if is_wrong(name):
                node.removeChild(child).unlink()
                continue
            if len(child.childNodes) == 1 and child.firstChild.nodeType == child.TEXT_NODE:
                value = _new_value(name, child.firstChild.data.strip(), size, ratio)
                if value is not None:
                    child.firstChild.data = value
            if name[1] == "AppliedToDimensions":
                _scale_dimensions(child, ratio)
            waiting.append(child)


def _is_wrong(name, turned, converted):
    space, local = name
    if space in GONE or name in WRONG or (converted and name in OF_COLORS):
        return True
    if space == CROPS[0] and CROPS[1].match(local or ""):
        return True
    if turned and space is not None and (space == PANORAMA or space.startswith(REGIONS)):
        return True
    # regions of the IPTC may be in pixels, deep within a structure
    return local == "ImageRegion"


def _new_value(name, value, size, ratio):
    """A value that follows the picture's size, or `None` for others."""
    if name == (TIFF, "Orientation"):
        return "1"
    if name in SIZES:
        return str(size[SIZES[name]])
    space, local = name
    if space == PANORAMA and local.endswith("Pixels") and re.fullmatch(r"\d{1,9}", value):
        return str(round(ratio * int(value)))
    return None


def _scale_dimensions(node, ratio):
    """The size that regions refer to: `stDim:w` and `h` as attributes or elements."""
    for part in (node, *node.getElementsByTagName("*")):
        values = [a for a in part.attributes.values() if a.namespaceURI == DIMENSIONS]
        names = [value.localName for value in values]
        if part.namespaceURI == DIMENSIONS and part.firstChild:
            values, names = [*values, part.firstChild], [*names, part.localName]
        for name, value in zip(names, values, strict=True):
            text = (value.nodeValue or "").strip()
            if name in ("w", "h") and re.fullmatch(r"\d{1,9}(\.0*)?", text):
                value.nodeValue = str(round(ratio * int(float(text))))
