"""Pictures as arrays of one to four channels, and what a file says about them beside pixels."""

import io
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageCms

from keras_secn.utils.errors import UserError

# tags of the first directory that describe the photograph; the others describe how one file is laid
# out, or are wrong after enlargement (EXIF 2.32, tables 3 to 5; XP*: Windows)
DESCRIPTIVE = {
    *(0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x013C, 0x8298, 0x8769, 0x8825),
    *range(0x9C9B, 0x9CA0),
}
EXIF_IFD, WIDTH, HEIGHT = 0x8769, 0xA002, 0xA003


class Metadata(NamedTuple):
    """What is kept beside the pixels.

    Args:
        icc: ICC profile, bytes or None.
        exif: `PIL.Image.Exif` without orientation, or None.
        xmp: bytes or None.
        dpi: (x, y) or None.
        text: dictionary of a PNG's texts.
        colour: dictionary of a PNG's "gamma", "chromaticity" and "srgb", where it has them.
    """

    icc: bytes | None = None
    exif: Image.Exif | None = None
    xmp: bytes | None = None
    dpi: tuple | None = None
    text: dict = {}
    colour: dict = {}

    def exif_bytes(self, height, width):
        """EXIF for a picture of the given size, beginning with `Exif`; empty if there is none."""
        if not self.exif:
            return b""
        details = self.exif.get_ifd(EXIF_IFD)
        for tag, size in ((WIDTH, width), (HEIGHT, height)):
            if tag in details:
                details[tag] = size
        return self.exif.tobytes()


def read_metadata(image):
    """The `Metadata` of a Pillow image that stands upright already."""
    info = image.info
    exif = image.getexif()
    for tag in set(exif) - DESCRIPTIVE:
        del exif[tag]
    xmp = info.get("xmp") or info.get("XML:com.adobe.xmp")
    return Metadata(
        icc=info.get("icc_profile"),
        exif=exif if len(exif) else None,
        xmp=xmp.encode() if isinstance(xmp, str) else xmp,
        dpi=info.get("dpi"),
        text={
            key: str(value)
            for key, value in getattr(image, "text", {}).items()
            if key != "XML:com.adobe.xmp"
        },
        colour={key: info[key] for key in ("gamma", "chromaticity", "srgb") if key in info},
    )


def to_pixels(image):
    """A decoded Pillow image as H x W x C: gray, gray and alpha, RGB or RGBA; uint8 or uint16.

    One bit becomes gray, a palette its colours; CMYK becomes sRGB, by its profile if it has one.

    Returns:
        The array, and whether its colours were converted, so that a profile no longer holds.
    """
    if image.mode.startswith("I;16"):
        return np.asarray(image, dtype=np.uint16)[..., None], False
    converted = image.mode in ("CMYK", "YCbCr")
    if converted:
        image = _to_srgb(image)
    clear = "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info
    gray = image.mode in ("1", "L", "LA", "La")
    mode = ("LA" if clear else "L") if gray else ("RGBA" if clear else "RGB")
    if gray and clear and image.mode != "LA":
        image = image.convert("RGBA")  # Pillow turns a transparent gray into alpha by this way only
    pixels = np.asarray(image.convert(mode))
    return (pixels[..., None] if pixels.ndim == 2 else pixels), converted


def _to_srgb(image):
    profile = image.info.get("icc_profile")
    if profile and image.mode == "CMYK":
        try:
            return ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode="RGB",
            )
        except ImageCms.PyCMSError:
            pass  # a broken profile tells nothing
    return image.convert("RGB")


def to_image(pixels):
    """The Pillow image of an array that `to_pixels` gives.

    Raises:
        UserError: 16 bits of more than one channel, which Pillow has no mode for.
    """
    channels = pixels.shape[2]
    if pixels.dtype == np.uint16:
        if channels != 1:
            raise UserError("Pillow has no 16-bit images of several channels; use arrays or paths")
        return Image.fromarray(np.ascontiguousarray(pixels[..., 0]))
    return Image.fromarray(np.ascontiguousarray(pixels[..., 0] if channels == 1 else pixels))


def to_eight_bit(pixels):
    """uint16 pixels as uint8: 65535 / 255 = 257 takes white to white."""
    if pixels.dtype == np.uint8:
        return pixels
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)


def on_white(pixels):
    """Gray and alpha, or RGBA, laid on a white page; pixels without alpha as they are."""
    if pixels.shape[2] in (1, 3):
        return pixels
    white = np.iinfo(pixels.dtype).max
    alpha = pixels[..., -1:].astype(np.float32) / white
    mixed = pixels[..., :-1] * alpha + white * (1 - alpha)
    return np.floor(mixed + 0.5).astype(pixels.dtype)
