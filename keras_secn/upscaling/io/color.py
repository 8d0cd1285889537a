"""Color spaces: ICC profiles, cICP and PNG's gamma are kept, converted or refused.

Specifications: ICC.1:2022; ITU-T H.273 (cICP); PNG, third edition, section 4.3.
"""

import dataclasses
import io
import struct

import numpy as np
from PIL import ImageCms

from keras_secn.utils.errors import UserError

D65 = (0.3127, 0.3290)
# x, y of red, green, blue and white by number (H.273, table 2)
PRIMARIES = {
    1: ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), D65),
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), (0.310, 0.316)),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), D65),
    **dict.fromkeys((6, 7), ((0.63, 0.34), (0.31, 0.595), (0.155, 0.07), D65)),
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


def settle(metadata, kind, gray, notes):
    """`Metadata` whose colors a format can say, such that they look as in the original."""
    icc, cicp, png = metadata.icc, metadata.cicp, metadata.png
    if "light" in png and kind != "PNG":
        notes.append("the light of the screen (mDCV, cLLI)")
    space = profile_space(icc) if icc else None
    if icc and (space not in (GRAY, RGB) or (space == GRAY and not gray)):
        what = {None: "damaged", GRAY: "for gray"}.get(space, "for another color space")
        notes.append(f"the ICC profile, which is {what}")
        icc = None
    if cicp and (kind not in HOLDS_CICP or (kind == "AVIF" and not cicp[3])):
        if icc is None:
            icc = _profile_of(cicp, kind, gray)
        elif not _is_srgb(cicp):
            notes.append("cICP; the ICC profile says the colors")
        cicp, png = None, {}
    if kind != "PNG":
        if not (icc or cicp or "srgb" in png):
            icc = _profile_of_png(png, gray)
        png = {}
    elif icc and gray and space == RGB:
        # a gray PNG holds a gray profile only
        if _name(icc).startswith("sRGB"):
            png = {"srgb": 0}
        else:
            notes.append("an RGB profile of a gray picture")
        icc = None
    if icc and (kind not in HOLDS_ICC or (kind not in HOLDS_GRAY and profile_space(icc) == GRAY)):
        if not _name(icc).startswith("sRGB"):
            notes.append(f"the ICC profile, which {kind} cannot hold: colors are sRGB now")
            return dataclasses.replace(metadata.in_srgb(), source=icc)
        icc = None
    return dataclasses.replace(metadata, icc=icc, cicp=cicp, png=png)


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
    """What a PNG's gamma and chromaticities (white first) say; `None` if that is sRGB."""
    red, green, blue, white = PRIMARIES[1]
    usual = np.ravel([white, red, green, blue])
    gamma, points = png.get("gamma") or 1 / 2.2, png.get("chromaticity", usual)
    if abs(gamma - 1 / 2.2) < 0.01 and np.allclose(points, usual, atol=0.005):
        return None
    white, *primaries = np.reshape(points, (4, 2))
    try:
        return make_profile((*primaries, white), (1 / gamma, 1, 0, 0, 0), gray)
    except (ArithmeticError, RuntimeError, ValueError):
        return None  # points that span no colors


def make_profile(points, curve, gray=False):
    """The bytes of an ICC profile.

    Points are x, y of red, green, blue and white; if they span no colors, it is a `RuntimeError`.
    The curve is g, a, b, c, d of (a x + b)^g, which is c x below d.
    """
    import imagecodecs  # slow to load, and few files need it

    g, a, b, c, d = curve
    x = np.linspace(0, 1, 1024)
    table = np.round(65535 * np.where(x < d, c * x, (a * x + b) ** g)).astype(np.uint16)
    *primaries, white = [(*point, 1.0) for point in points]
    made = imagecodecs.cms_profile(
        "gray" if gray else "rgb",
        whitepoint=white,
        primaries=None if gray else np.ravel(primaries),
        **({"transferfunction": table} if d else {"gamma": g}),
    )
    return made[:24] + bytes(12) + made[36:]  # without the time: equal for equal pictures


def _name(profile):
    try:
        return ImageCms.getProfileName(ImageCms.ImageCmsProfile(io.BytesIO(profile))).strip()
    except (ImageCms.PyCMSError, OSError):
        return ""


def to_srgb(image, profile):
    """A Pillow image in sRGB by its profile, transparency as it was; `None` if that fails."""
    alpha = image.getchannel("A") if "A" in image.getbands() else None
    opaque = {"LA": "L", "RGBA": "RGB"}.get(image.mode, image.mode)
    try:
        made = ImageCms.profileToProfile(
            image.convert(opaque),
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None  # a broken profile tells nothing
    if image.mode == "L":
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
