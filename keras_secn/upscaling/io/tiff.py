"""TIFF files written strip by strip, a page at a time."""

import zlib

import numpy as np
import tifffile

ROWS = 64  # in a strip
BIG = 2**32 - 2**25  # bytes of pixels from which on 32-bit offsets would not do
# descriptive tags of text that a TIFF holds itself (TIFF 6.0, section 8), and XMP
TEXTS = (0x010E, 0x010F, 0x0110, 0x013B, 0x013C, 0x8298)
XMP = 700


def open_tiff(path, nbytes):
    """A `tifffile.TiffWriter` for pages of so many bytes together."""
    return tifffile.TiffWriter(path, bigtiff=nbytes > BIG)


def write_page(file, bands, shape, dtype, metadata):
    """Appends a page; arguments as `png.write_png`, `file` is from `open_tiff`."""
    channels = shape[2]
    tags = [(XMP, 1, len(metadata.xmp), metadata.xmp, True)] if metadata.xmp else []
    for tag in TEXTS:
        text = (metadata.exif or {}).get(tag)
        if isinstance(text, str) and text:
            tags.append((tag, 2, 0, text, True))
    colour = {"resolution": metadata.dpi, "resolutionunit": "INCH"} if metadata.dpi else {}
    file.write(
        _strips(bands),
        shape=shape if channels > 1 else shape[:2],
        dtype=dtype,
        photometric="rgb" if channels > 2 else "minisblack",
        planarconfig="contig" if channels > 1 else None,
        extrasamples=["unassalpha"] if channels in (2, 4) else None,
        rowsperstrip=ROWS,
        compression="adobe_deflate",
        predictor=True,
        iccprofile=metadata.icc,
        extratags=tags,
        metadata=None,
        **colour,
    )


def _strips(bands):
    """Bands of any height as compressed strips of `ROWS` rows (TIFF 6.0, section 14: predictor)."""
    rest = None
    for band in bands:
        rest = band if rest is None else np.concatenate([rest, band])
        while len(rest) >= ROWS:
            yield _strip(rest[:ROWS])
            rest = rest[ROWS:]
    if len(rest):
        yield _strip(rest)


def _strip(rows):
    rows = rows.astype(rows.dtype.newbyteorder("<"), copy=True)
    rows[:, 1:] -= rows[:, :-1].copy()
    return zlib.compress(rows.tobytes(), 6)
