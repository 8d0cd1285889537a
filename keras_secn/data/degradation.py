"""How LR pictures come to be: reduction, blur, noise and lossy compression.

The literature's LR is MATLAB's bicubic reduction and nothing else. A photograph from a phone or the
web was reduced by some other kernel, and is a JPEG or WebP. A `Degradation` is a mixture of such
histories to train on; `parse_degradation` makes one history, the same each time, to evaluate on.
"""

import dataclasses
import io
import re

import numpy as np
from PIL import Image, ImageFilter

from keras_secn.data.imresize import imresize, modcrop
from keras_secn.utils.errors import UserError

GRID = 16  # the largest unit of JPEG (4:2:0) and WebP, in pixels
# sampled between pixels, Keys' kernel with a = -0.75 (OpenCV's) has these four taps
HALF_WAY = np.array([-3, 19, 19, -3], np.float32) / 32


def _bicubic_noaa(hr, scale):
    # output i lies at input (i + 0.5) * scale - 0.5: on a pixel or half-way between two
    if scale % 2:
        return hr[scale // 2 :: scale, scale // 2 :: scale]
    size = [length // scale for length in hr.shape[:2]]
    padded = np.pad(hr, ((1, 1), (1, 1), (0, 0)), "edge").astype(np.float32)
    first = scale // 2 - 1  # in the padded picture
    for axis, count in enumerate(size):
        lines = np.moveaxis(padded, axis, 0)
        total = sum(
            weight * lines[first + tap :: scale][:count] for tap, weight in enumerate(HALF_WAY)
        )
        padded = np.moveaxis(total, 0, axis)
    return _to_uint8(padded)


def _pillow(resample):
    def reduce(hr, scale):
        size = hr.shape[1] // scale, hr.shape[0] // scale
        return np.asarray(_image(hr).resize(size, resample))

    return reduce


# functions of uint8 HR, a multiple of the scale in size, and scale; all keep the pixels' centers
KERNELS = {
    "bicubic": lambda hr, scale: imresize(hr, scale=1 / scale),
    "area": lambda hr, scale: np.asarray(_image(hr).reduce(scale)),
    "bilinear": _pillow(Image.Resampling.BILINEAR),
    "lanczos": _pillow(Image.Resampling.LANCZOS),
    "bicubic_noaa": _bicubic_noaa,
}
REACH = 4  # LR pixels beyond which no kernel reads


@dataclasses.dataclass(frozen=True)
class Degradation:
    """A mixture of ways in which LR patches come to be, to train on.

    A patch is left clean (MATLAB's bicubic reduction), or is reduced by a kernel, blurred, made
    noisy and compressed, in this order, each by chance. `DEGRADATIONS` has mixtures by name.

        >>> Degradation("soft", clean=0.5, jpeg=1.0, quality=(70, 95))

    Args:
        name: what it is called in files and tables.
        clean: share of patches that are left clean, 0 to 1; the shares below are of the others.
        kernels: names in `KERNELS`, at equal odds: "bicubic" (MATLAB's), "area", "bilinear",
            "lanczos" or "bicubic_noaa" (without antialiasing, as OpenCV's `INTER_CUBIC`). A name
            that stands n times is n times as likely.
        blurred: share that gets a Gaussian blur.
        blur: its largest standard deviation in LR pixels; uniform from 0.
        noisy: share that gets Gaussian noise, independent in each channel.
        noise: its largest standard deviation in gray levels; uniform from 0.
        jpeg, webp: shares that are compressed so; together at most 1.
        quality: lowest and highest quality of Pillow's encoders, both included; uniform.
        subsampled: share of the JPEGs that halve the resolution of color (4:2:0; else 4:4:4).

    Raises:
        UserError: a value is out of range.
    """

    name: str = "none"
    clean: float = 1.0
    kernels: tuple[str, ...] = ("bicubic",)
    blurred: float = 0.0
    blur: float = 0.0
    noisy: float = 0.0
    noise: float = 0.0
    jpeg: float = 0.0
    webp: float = 0.0
    quality: tuple[int, int] = (25, 96)
    subsampled: float = 0.5

    def __post_init__(self):
        # lists, as JSON has them, are welcome
        object.__setattr__(self, "kernels", tuple(self.kernels))
        object.__setattr__(self, "quality", tuple(self.quality))
        unknown = sorted(set(self.kernels) - set(KERNELS))
        if unknown or not self.kernels:
            raise UserError(f"unknown kernels {unknown}; known: {', '.join(KERNELS)}")
        for field in ("clean", "blurred", "noisy", "jpeg", "webp", "subsampled"):
            if not 0 <= getattr(self, field) <= 1:
                raise UserError(f"{field} is a share, 0 to 1, not {getattr(self, field)}")
        if self.jpeg + self.webp > 1:
            raise UserError(f"jpeg and webp are shares of one whole: {self.jpeg} + {self.webp}")
        if min(self.blur, self.noise) < 0:
            raise UserError("blur and noise must be at least 0")
        if len(self.quality) != 2 or not 1 <= self.quality[0] <= self.quality[1] <= 100:
            raise UserError(f"quality must be two numbers from 1 to 100, not {self.quality}")

    def draw(self, rng):
        """The `History` of one patch, or None for a clean one.

        Args:
            rng: a NumPy generator; always asked for the same number of values.
        """
        clean, kernel, blurred, blur, noisy, noise, codec, quality, subsampled, down, right = (
            rng.random(11).tolist()
        )
        if clean < self.clean:
            return None
        lowest, highest = self.quality
        return History(
            kernel=self.kernels[int(kernel * len(self.kernels))],
            blur=blur * self.blur if blurred < self.blurred else 0.0,
            noise=noise * self.noise if noisy < self.noisy else 0.0,
            codec="jpeg" if codec < self.jpeg else "webp" if codec < self.jpeg + self.webp else "",
            quality=lowest + int(quality * (highest - lowest + 1)),
            subsampled=subsampled < self.subsampled,
            offset=(int(down * GRID), int(right * GRID)),
        )


@dataclasses.dataclass(frozen=True)
class History:
    """What befell one LR picture after its reduction.

    Args:
        kernel: a name in `KERNELS`.
        blur, noise: standard deviations, in LR pixels and gray levels; 0 for none.
        codec: "jpeg", "webp" or "" for none.
        quality: of the codec, 1 to 100.
        subsampled: JPEG in 4:2:0; else 4:4:4.
        offset: of a patch: how many pixels lie between the codec's grid and it, down and right.
    """

    kernel: str = "bicubic"
    blur: float = 0.0
    noise: float = 0.0
    codec: str = ""
    quality: int = 75
    subsampled: bool = True
    offset: tuple[int, int] = (0, 0)

    def apply(self, lr, rng):
        """Blurs `lr`, uint8 (H, W, 3), adds noise of the generator, and compresses."""
        if self.blur:
            lr = np.asarray(_image(lr).filter(ImageFilter.GaussianBlur(self.blur)))
        if self.noise:
            lr = _to_uint8(lr + self.noise * rng.standard_normal(lr.shape, np.float32))
        if self.codec:
            lr = compress(lr, self.codec, self.quality, self.subsampled)
        return lr


def compress(image, codec, quality, subsampled=True):
    """What is left of a picture after a JPEG or WebP of it, encoded by Pillow.

    Args:
        image: uint8 (H, W, 3).
        codec: "jpeg" or "webp".
        quality: 1 to 100.
        subsampled: JPEG in 4:2:0, as most programs write it; else 4:4:4. WebP is always 4:2:0.

    Returns:
        uint8 of the same shape.
    """
    file = io.BytesIO()
    options = {"subsampling": "4:2:0" if subsampled else "4:4:4"} if codec == "jpeg" else {}
    _image(image).save(file, codec, quality=quality, **options)
    file.seek(0)
    with Image.open(file, formats=[codec]) as decoded:
        return np.asarray(decoded.convert("RGB"))


DEGRADATIONS = {
    "none": Degradation(),
    "jpeg": Degradation("jpeg", clean=0.2, jpeg=1.0),
    # JPEGs above all; also noise, and reductions without antialiasing
    "photo": Degradation(
        "photo",
        clean=0.12,
        kernels=("bicubic",) * 6 + ("area", "bicubic_noaa"),
        blurred=0.1,
        blur=0.6,
        noisy=0.2,
        noise=20.0,
        jpeg=0.8,
        webp=0.05,
    ),
}


def require_degradation(value):
    """Raises a `UserError` that names the mixtures unless `value` is a `Degradation`."""
    if not isinstance(value, Degradation):
        known = ", ".join(f"DEGRADATIONS[{name!r}]" for name in DEGRADATIONS)
        raise UserError(f"degradation must be a Degradation, such as {known}, not {value!r}")


KIND = re.compile(
    rf"png|(?P<codec>jpeg|webp)(?P<quality>\d+)|jpeg(?P<fine>\d+)_444|noise(?P<noise>\d+)"
    rf"|(?P<kernel>{'|'.join(KERNELS)})"
)
KNOWN = "png, jpeg60, jpeg75_444, webp80, noise5 (any number), " + ", ".join(KERNELS)


def parse_degradation(kind):
    """What makes the LR pictures of a benchmark, always the same ones.

    Args:
        kind: "png" (MATLAB's bicubic reduction alone), "jpeg60" (4:2:0), "jpeg75_444", "webp80",
            "noise5" (standard deviation in gray levels), each with any number; or a kernel:
            "area", "bilinear", "lanczos", "bicubic_noaa".

    Returns:
        A function of HR, uint8 (H, W, 3), and scale that returns LR, uint8. HR is cropped at its
        lower right to a multiple of the scale.

        >>> lr = parse_degradation("jpeg60")(hr, 2)

    Raises:
        UserError: there is no such kind.
    """
    found = KIND.fullmatch(kind)
    if not found:
        raise UserError(f"unknown degradation {kind!r}; known: {KNOWN}")
    quality = int(found["quality"] or found["fine"] or History.quality)
    if not 1 <= quality <= 100:
        raise UserError(f"quality must be 1 to 100, not {quality}; known degradations: {KNOWN}")
    history = History(
        kernel=found["kernel"] or "bicubic",
        noise=float(found["noise"] or 0),
        codec="jpeg" if found["fine"] else found["codec"] or "",
        quality=quality,
        subsampled=not found["fine"],
    )

    def degrade(hr, scale):
        lr = KERNELS[history.kernel](modcrop(hr, scale), scale)
        return np.ascontiguousarray(history.apply(lr, np.random.default_rng(0)))

    return degrade


def _image(pixels):
    return Image.fromarray(np.ascontiguousarray(pixels))


def _to_uint8(values):
    return np.clip(np.floor(values + 0.5), 0, 255).astype(np.uint8)
