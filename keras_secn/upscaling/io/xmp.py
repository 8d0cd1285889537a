"""XMP: corrects or drops what is not true of the result.

Specifications: XMP, parts 1 and 2 (ISO 16684-1; Adobe 2016); Google's GPano, GDepth and GCamera.
"""

import re
from xml.dom import minidom

TIFF = "http://ns.adobe.com/tiff/1.0/"
EXIF = "http://ns.adobe.com/exif/1.0/"
GOOGLE = "http://ns.google.com/photos/"
PANORAMA = GOOGLE + "1.0/panorama/"
PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
CAMERA_RAW = "http://ns.adobe.com/camera-raw-settings/1.0/"
XMLNS = "http://www.w3.org/2000/xmlns/"
DIMENSIONS = "http://ns.adobe.com/xap/1.0/sType/Dimensions#"
# namespaces of pictures within the picture, and of what lies behind it in the file
GONE = (
    "http://ns.adobe.com/hdr-gain-map/1.0/",
    "http://ns.apple.com/HDRGainMap/1.0/",
    "http://ns.apple.com/pixeldatainfo/1.0/",
    *(GOOGLE + f"1.0/{part}/" for part in ("depthmap", "image", "audio", "camera", "focus")),
    *(GOOGLE + f"1.0/{part}/" for part in ("container", "container/item", "pointcloud")),
    GOOGLE + "dd/1.0/",
    "http://cipa.jp/exif/1.0/mpf/",
)
REGIONS = (
    "http://www.metadataworkinggroup.com/schemas/regions/",
    "http://ns.microsoft.com/photo/1.2/",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/ImageRegion",
)
# namespace -> names
WRONG = {
    TIFF: "BitsPerSample Compression PhotometricInterpretation SamplesPerPixel PlanarConfiguration"
    " YCbCrSubSampling YCbCrPositioning NativeDigest",
    EXIF: "ComponentsConfiguration CompressedBitsPerPixel SubjectArea SubjectLocation"
    " FocalPlaneXResolution FocalPlaneYResolution NativeDigest",
    PHOTOSHOP: "ColorMode",
    "http://ns.adobe.com/xap/1.0/": "Thumbnails",
    "http://ns.adobe.com/xmp/note/": "HasExtendedXMP",
    "http://purl.org/dc/elements/1.1/": "format",
    "http://purl.org/dc/terms/": "provenance",
}
OF_COLORS = (PHOTOSHOP, "ICCProfile"), (EXIF, "ColorSpace")
WIDTHS = (TIFF, "ImageWidth"), (EXIF, "PixelXDimension")
HEIGHTS = (TIFF, "ImageLength"), (EXIF, "PixelYDimension")
LARGEST = 2**22  # bytes that are parsed
# without these, nothing in a packet is wrong
SIGNS = [TIFF, EXIF, PHOTOSHOP, CAMERA_RAW, "http://ns.google.com/", *GONE, *REGIONS]
SIGNS += ["Thumbnails", "HasExtendedXMP", "dc/elements", "purl.org/dc/terms"]


def enlarged(content, size, ratio, turned, converted=False):
    """A packet's bytes for a result of (height, width); `None` if they cannot be read.

    They stay as they are if nothing in them is wrong. `turned`: the pixels are upright now, and
    places in them are others. `converted`: the colors are sRGB now.
    """
    content = content.rstrip(b"\0")
    plain = content if b"\0" not in content[:64] else content.replace(b"\0", b"")  # UTF-16, -32
    if not any(sign.encode() in plain for sign in SIGNS):
        return content
    if len(content) > LARGEST or b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        return None
    try:
        # an XML declaration or blanks before it may be missing or wrong; the packet says UTF-8
        document = minidom.parseString(content.strip())
        for element in document.getElementsByTagName("*"):
            _correct(element, size, ratio, turned, converted)
        return "".join(node.toxml() for node in document.childNodes).encode()
    except Exception:  # expat's errors, those of odd encodings, nesting too deep
        return None


def _correct(element, size, ratio, turned, converted):
    for attribute in list(element.attributes.values()):
        if attribute.namespaceURI == XMLNS:
            if attribute.value in GONE:
                element.removeAttributeNode(attribute)
        elif _is_wrong(attribute, turned, converted):
            element.removeAttributeNode(attribute)
        else:
            _renew(attribute, attribute, size, ratio)
    if _is_wrong(element, turned, converted):
        element.parentNode.removeChild(element)
        return
    if len(element.childNodes) == 1 and element.firstChild.nodeType == element.TEXT_NODE:
        _renew(element, element.firstChild, size, ratio)
    if element.localName == "AppliedToDimensions":
        _scale_dimensions(element, ratio)


def _is_wrong(node, turned, converted):
    space, local = node.namespaceURI or "", node.localName or ""
    return (
        space in GONE
        or local in WRONG.get(space, "").split()
        or (converted and (space, local) in OF_COLORS)
        or (space == CAMERA_RAW and local.startswith(("Crop", "HasCrop")))
        or (turned and (space == PANORAMA or space.startswith(REGIONS)))
        # regions of the IPTC may be in pixels, deep within a structure
        or local == "ImageRegion"
    )


def _renew(named, node, size, ratio):
    """Gives what follows the picture's size its new value."""
    name = space, local = named.namespaceURI, named.localName
    text = node.nodeValue.strip()
    if name == (TIFF, "Orientation"):
        node.nodeValue = "1"
    elif name in WIDTHS + HEIGHTS:
        node.nodeValue = str(size[name in WIDTHS])
    elif space == PANORAMA and local.endswith("Pixels") and re.fullmatch(r"\d{1,9}", text):
        node.nodeValue = str(round(ratio * int(text)))


def _scale_dimensions(node, ratio):
    """The size that regions refer to: `stDim:w` and `h` as attributes or elements."""
    for part in (node, *node.getElementsByTagName("*")):
        named = [(value, value) for value in part.attributes.values()]
        named += [(part, part.firstChild)] if part.firstChild else []
        for name, value in named:
            text = (value.nodeValue or "").strip()
            is_side = name.namespaceURI == DIMENSIONS and name.localName in ("w", "h")
            if is_side and re.fullmatch(r"\d{1,9}(\.0*)?", text):
                value.nodeValue = str(round(ratio * int(float(text))))
