"""Color spaces: ICC profiles, cICP and PNG's gamma are kept, converted or refused.

Specifications: ICC.1:2022; ITU-T H.273 (cICP); PNG, third edition, section 4.3.
"""

import io
import struct
from typing import NamedTuple

import numpy as np
from PIL import ImageCms

from keras_secn.utils.errors import UserError

D65 = (0.3127, 0.3290)
# x, y of red, green, blue and white by number (H.273, table 2)
PRIMARIES = {
    1: ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), D65),
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), (0.310, 0.316)),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), D65),
    6: ((0.63, 0.34), (0.31, 0.595), (0.155, 0.07), D65),
    7: ((0.63, 0.34), (0.31, 0.595), (0.155, 0.07), D65),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), D65),
}
# from number to light, as (g, a, b, c, d) of a parametric curve (H.273, table 3; ICC.1, 10.18)
_VIDEO = (1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081)
CURVES = {
    **dict.fromkeys((1, 6, 14, 15), _VIDEO),
    4: (2.2, 1, 0, 0, 0),
    5: (2.8, 1, 0, 0, 0),
    8: (1, 1, 0, 0, 0),
    13: (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
}
NAMES = {16: "PQ", 18: "HLG"}
UNSPECIFIED, SRGB = 2, (1, 13)
GRAY, RGB = b"GRAY", b"RGB "
HOLDS_CICP = ("PNG", "AVIF")
HOLDS_ICC = ("PNG", "JPEG", "WEBP", "TIFF", "AVIF")
HOLDS_GRAY = ("PNG", "JPEG", "TIFF")
# D50 from D65 and the like: Bradford's cone responses (ICC.1, annex E)
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.03]])
D50 = np.array([0.9642, 1.0, 0.8249])


class Color(NamedTuple):
    """How a result describes its colors.

    Args:
        icc: profile to write, or `None`.
        cicp: four numbers to write, or `None`.
        png: gamma, chromaticities and rendering intent of a PNG, to write.
        source: profile that the numbers must be converted from, to sRGB; or `None`.
        notes: what is worth telling.
    """

    icc: bytes | None = None
    cicp: tuple | None = None
    png: dict = {}
    source: bytes | None = None
    notes: tuple = ()


def profile_space(profile):
    """The space of an ICC profile, `GRAY`, `RGB ` or `CMYK`; `None` if it is none of a picture."""
    if len(profile) < 132 or profile[36:40] != b"acsp":
        return None
    if struct.unpack(">I", profile[:4])[0] > len(profile):
        return None
    if profile[12:16] in (b"link", b"abst", b"nmcl"):
        return None
    try:
        ImageCms.ImageCmsProfile(io.BytesIO(profile))
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    return profile[16:20]


def settle(kind, gray, icc=None, cicp=None, png=None):
    """Decides how a result of a format says the same as its original.

    Args:
        kind: the format, in Pillow's words.
        gray: the picture has no colors.
        icc: the original's profile, or `None`.
        cicp: its primaries, transfer, matrix and range, or `None`.
        png: its "gamma", "chromaticity", "srgb" and "light", where it has them.

    Returns:
        A `Color`.

    Raises:
        UserError: the format cannot say it, and the numbers cannot be converted.
    """
    notes, png = [], png or {}
    if "light" in png and kind != "PNG":
        notes.append("the light of the screen (mDCV, cLLI)")
    space = profile_space(icc) if icc else None
    if icc and (space not in (GRAY, RGB) or (space == GRAY and not gray)):
        what = {None: "damaged", GRAY: "for gray"}.get(space, "for another color space")
        notes.append(f"the ICC profile, which is {what}")
        icc = None
    if cicp and kind not in HOLDS_CICP or (cicp and kind == "AVIF" and not cicp[3]):
        if icc is None:
            icc = _profile_of(cicp, kind, gray)
        elif not _is_srgb(cicp):
            notes.append("cICP; the ICC profile says the colors")
        cicp, png = None, {}
    if kind != "PNG":
        if not (icc or cicp or "srgb" in png):
            icc = _profile_of_png(png, gray)
        png = {}
    elif icc and gray and profile_space(icc) == RGB:
        # a gray PNG holds a gray profile only
        if _name(icc).startswith("sRGB"):
            icc, png = None, {"srgb": 0}
        else:
            notes.append("an RGB profile of a gray picture")
            icc = None
    source = None
    if icc and (kind not in HOLDS_ICC or (kind not in HOLDS_GRAY and profile_space(icc) == GRAY)):
        source, icc = icc, None
        if _name(source).startswith("sRGB"):
            source = None
    return Color(icc, cicp, png, source, tuple(notes))


def _is_srgb(cicp):
    primaries, transfer = cicp[:2]
    return primaries in (SRGB[0], UNSPECIFIED) and transfer in (SRGB[1], UNSPECIFIED)


def _profile_of(cicp, kind, gray):
    if _is_srgb(cicp) and cicp[3]:
        return None
    primaries, transfer = (
        known if number == UNSPECIFIED else number
        for number, known in zip(cicp, SRGB, strict=False)
    )
    if primaries not in PRIMARIES or transfer not in CURVES or not cicp[3]:
        what = NAMES.get(transfer, f"cICP {', '.join(map(str, cicp))}")
        raise UserError(f"{kind} cannot say the colors ({what}); use --format png or avif")
    return make_profile(PRIMARIES[primaries], CURVES[transfer], gray)


def _profile_of_png(png, gray):
    gamma = png.get("gamma") or 1 / 2.2
    points = png.get("chromaticity")
    known = [value for point in (*PRIMARIES[1][3:], *PRIMARIES[1][:3]) for value in point]
    usual = not points or np.allclose(points, known, atol=0.005)
    if abs(gamma - 1 / 2.2) < 0.01 and usual:
        return None
    pairs = list(zip(points[::2], points[1::2], strict=True)) if points else []
    found = (*pairs[1:], pairs[0]) if pairs else PRIMARIES[1]
    try:
        return make_profile(found, (1 / gamma, 1, 0, 0, 0), gray)
    except (np.linalg.LinAlgError, ZeroDivisionError, struct.error, OverflowError, ValueError):
        return None  # points that span no colors


def make_profile(points, curve, gray=False):
    """An ICC profile (version 4) of primaries and a curve.

    Args:
        points: x, y of red, green, blue and white.
        curve: g, a, b, c, d of (a x + b)^g, which is c x below d.
        gray: of one channel.

    Returns:
        Bytes.
    """
    xyz = np.array([[x / y, 1, (1 - x - y) / y] for x, y in points])
    white = xyz[3]
    cones = (BRADFORD @ D50) / (BRADFORD @ white)
    adapt = np.linalg.inv(BRADFORD) @ np.diag(cones) @ BRADFORD
    colorants = adapt @ (xyz[:3].T * np.linalg.solve(xyz[:3].T, white))
    trc = b"para\0\0\0\0" + struct.pack(">HH", 3, 0) + _fixed(curve)
    tags = {
        b"desc": _text("Made from the original's description"),
        b"cprt": _text("No copyright"),
        b"wtpt": b"XYZ \0\0\0\0" + _fixed(D50),
        b"chad": b"sf32\0\0\0\0" + _fixed(adapt.ravel()),
    }
    if gray:
        tags[b"kTRC"] = trc
    else:
        for letter, column in zip(b"rgb", colorants.T, strict=True):
            tags[bytes([letter]) + b"XYZ"] = b"XYZ \0\0\0\0" + _fixed(column)
            tags[bytes([letter]) + b"TRC"] = trc
    place, table, body = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += name + struct.pack(">II", place + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = struct.pack(">I", 0x04300000) + b"mntr" + (GRAY if gray else RGB) + b"XYZ "
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + _fixed(D50)
    head = struct.pack(">I4x", place + len(body)) + head
    return head.ljust(128, b"\0") + table + body


def _fixed(values):
    return struct.pack(f">{len(values)}i", *(round(65536 * float(value)) for value in values))


def _text(text):
    content = text.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II4sII", 1, 12, b"enUS", len(content), 28) + content


def _name(profile):
    try:
        return ImageCms.getProfileName(ImageCms.ImageCmsProfile(io.BytesIO(profile))).strip()
    except (ImageCms.PyCMSError, OSError):
        return ""


def to_srgb(image, profile):
    """A Pillow image (L, LA, RGB, RGBA) in sRGB colors by its profile; as it is if that fails."""
    alpha = image.getchannel("A") if "A" in image.getbands() else None
    opaque = image.convert("L" if image.mode in ("L", "LA") else "RGB")
    try:
        made = ImageCms.profileToProfile(
            opaque,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
    except ImageCms.PyCMSError:
        return image
    if opaque.mode == "L" and alpha is None and image.mode == "L":
        made = made.convert("L")
    if alpha is not None:
        made.putalpha(alpha)
    return made


def relabel_avif(content, cicp):
    """An AVIF file whose colors are described by other numbers; the matrix stays as encoded."""
    content = bytearray(content)
    place = content.find(b"colrnclx")
    while 0 <= place < 65536:
        content[place + 8 : place + 12] = struct.pack(">HH", *cicp[:2])
        place = content.find(b"colrnclx", place + 1)
    return bytes(content)
