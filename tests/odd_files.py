"""Odd image files, made here: what upscaling must make of each."""

import functools
import io
import struct
import zlib
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

REFUSED = "refused"
DURATIONS = [40, 80, 120]  # of animations, in milliseconds


class Odd(NamedTuple):
    """One file.

    Args:
        name: of the file.
        write: function of a path that makes it.
        mode: of the result, in Pillow's words, `RGB;16` and the like for 16 bits of several
            channels; or `REFUSED`.
        size: (width, height) of the result.
        frames: how many the result has.
        kept: what the result must hold beside its pixels: "icc", "exif", "dpi", "text".
        about: what is in a file that is refused.
    """

    name: str
    write: object
    mode: str
    size: tuple = (26, 22)
    frames: int = 1
    kept: tuple = ()
    about: str = ""


def picture(width=13, height=11, channels=3, seed=0):
    """A smooth picture, uint8 H x W x C."""
    small = np.random.default_rng(seed).integers(30, 220, (3, 3, channels), np.uint8)
    planes = [
        Image.fromarray(small[..., c]).resize((width, height), Image.Resampling.BILINEAR)
        for c in range(channels)
    ]
    return np.stack([np.asarray(plane) for plane in planes], axis=2)


@functools.cache
def srgb():
    # the time of day is part of it
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _image(mode, width=13, height=11):
    rgb = Image.fromarray(picture(width, height))
    if mode in ("LA", "RGBA"):
        image = rgb.convert(mode)
        image.putalpha(Image.fromarray(picture(width, height, 1, seed=1)[..., 0]))
        return image
    return rgb.convert(mode)


def _saver(image, **options):
    return lambda path: image.save(path, **options)


def _deep_gray(path):
    Image.fromarray(picture(channels=1)[..., 0].astype(np.uint16) * 257).save(path)


def _deep_png(channels):
    import imagecodecs

    def write(path):
        pixels = picture(channels=channels).astype(np.uint16) * 257
        path.write_bytes(imagecodecs.png_encode(pixels))

    return write


def _deep_tiff(orientation=1):
    import tifffile

    def write(path):
        pixels = picture().astype(np.uint16) * 257
        tifffile.imwrite(
            path,
            pixels,
            photometric="rgb",
            compression="lzw",
            iccprofile=srgb(),
            extratags=[(0x0112, 3, 1, orientation, True)],
        )

    return write


def _oriented(orientation, **options):
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Maker"
    return _saver(_image("RGB"), exif=exif, **options)


def _transparent_palette(path):
    image = _image("P")
    image.save(path, transparency=3)


def _texts(path):
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "Ein Käfer")
    _image("RGB").save(path, pnginfo=info, dpi=(300, 300))


def _animation(**options):
    def write(path):
        first, *others = (Image.fromarray(picture(seed=seed)) for seed in range(3))
        options.update(save_all=True, append_images=others, duration=DURATIONS, loop=0)
        first.save(path, **options)

    return write


def _pages(path):
    first, *others = _image("RGB"), _image("L", 9, 7), _image("RGBA", 5, 20)
    first.save(path, save_all=True, append_images=others)


def _bytes(mode="RGB", format="PNG", keep=1.0):
    buffer = io.BytesIO()
    _image(mode, 80, 60).save(buffer, format)
    content = buffer.getvalue()
    return lambda path: path.write_bytes(content[: int(keep * len(content))])


def _bomb(path):
    # a header that promises 10 gigapixels, and no pixel
    content = b"\x89PNG\r\n\x1a\n"
    for name, data in (
        (b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"")),
    ):
        content += struct.pack(">I", len(data)) + name + data
        content += struct.pack(">I", zlib.crc32(name + data))
    path.write_bytes(content)


def odd_files():
    """All of them, a list of `Odd`."""
    made = [
        Odd("one_pixel.png", _saver(_image("RGB", 1, 1)), "RGB", (2, 2)),
        Odd("one_row.png", _saver(_image("RGB", 57, 1)), "RGB", (114, 2)),
        Odd("one_column.png", _saver(_image("L", 1, 57)), "L", (2, 114)),
        Odd("two_by_three.png", _saver(_image("RGB", 2, 3)), "RGB", (4, 6)),
        Odd("odd.png", _saver(_image("RGB", 51, 37)), "RGB", (102, 74)),
        Odd("ribbon.png", _saver(_image("RGB", 3000, 3)), "RGB", (6000, 6)),
        Odd("gray.png", _saver(_image("L")), "L"),
        Odd("gray_alpha.png", _saver(_image("LA")), "LA"),
        Odd("palette.png", _saver(_image("P")), "RGB"),
        Odd("palette_alpha.png", _transparent_palette, "RGBA"),
        Odd("rgba.png", _saver(_image("RGBA")), "RGBA"),
        Odd("rgb_key.png", _saver(_image("RGB"), transparency=(1, 2, 3)), "RGBA"),
        Odd("bilevel.png", _saver(_image("1")), "L"),
        Odd("deep_gray.png", _deep_gray, "I;16"),
        Odd("deep_rgb.png", _deep_png(3), "RGB;16"),
        Odd("deep_rgba.png", _deep_png(4), "RGBA;16"),
        Odd("deep_gray_alpha.png", _deep_png(2), "LA;16"),
        Odd("deep_gray.tif", _deep_gray, "I;16"),
        Odd("deep_rgb.tif", _deep_tiff(), "RGB;16", kept=("icc",)),
        Odd("deep_turned.tif", _deep_tiff(6), "RGB;16", (22, 26), kept=("icc",)),
        Odd("cmyk.jpg", _saver(_image("CMYK")), "RGB"),
        Odd("cmyk.tif", _saver(_image("CMYK")), "RGB"),
        Odd("ycbcr.jpg", _saver(_image("YCbCr")), "RGB"),
        Odd("icc.jpg", _saver(_image("RGB"), icc_profile=srgb()), "RGB", kept=("icc",)),
        Odd("icc.png", _saver(_image("RGB"), icc_profile=srgb()), "RGB", kept=("icc",)),
        Odd("icc.webp", _saver(_image("RGB"), icc_profile=srgb()), "RGB", kept=("icc",)),
        Odd("texts.png", _texts, "RGB", kept=("text", "dpi")),
        Odd("rgb.bmp", _saver(_image("RGB")), "RGB"),
        Odd("rgba.webp", _saver(_image("RGBA"), lossless=True), "RGBA"),
        Odd("animation.gif", _animation(), "RGB", frames=3),
        Odd("animation.webp", _animation(lossless=True), "RGB", frames=3),
        Odd("animation.png", _animation(), "RGB", frames=3),
        Odd("pages.tif", _pages, "RGB", frames=3),
        Odd("png_inside.jpg", _bytes(), "RGB", (160, 120)),
        Odd("truncated.png", _bytes(keep=0.5), REFUSED, about="half a PNG"),
        Odd("truncated.jpg", _bytes(format="JPEG", keep=0.5), REFUSED, about="half a JPEG"),
        Odd("truncated.tif", _bytes(format="TIFF", keep=0.5), REFUSED, about="half a TIFF"),
        Odd("empty.png", lambda path: path.write_bytes(b""), REFUSED, about="nothing"),
        Odd("text.png", lambda path: path.write_text("not a picture"), REFUSED, about="a text"),
        Odd("bomb.png", _bomb, REFUSED, about="PNG, RGB, 100000x100000"),
        Odd("float.tif", _saver(Image.new("F", (13, 11))), REFUSED, about="TIFF, F, 13x11"),
    ]
    for orientation in range(1, 9):
        size = (26, 22) if orientation < 5 else (22, 26)
        write = _oriented(orientation, quality=100, subsampling=0)
        made.append(Odd(f"orientation_{orientation}.jpg", write, "RGB", size, kept=("exif",)))
    made.append(Odd("orientation_6.tif", _oriented(6), "RGB", (22, 26)))
    made.append(Odd("orientation_8.png", _oriented(8), "RGB", (22, 26), kept=("exif",)))
    return made


def mode_of(path):
    """Pillow's mode, with `;16` where Pillow itself would hide that."""
    with Image.open(path) as image:
        mode = image.mode
        deep = path.suffix == ".png" and path.read_bytes()[24] == 16
        deep |= image.format == "TIFF" and max(image.tag_v2.get(258, (1,))) == 16
    if path.suffix == ".png" and deep and path.read_bytes()[25] == 4:
        mode = "LA"
    return mode if mode.startswith("I") or not deep else f"{mode};16"
