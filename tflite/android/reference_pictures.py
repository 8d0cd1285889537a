"""Reference pictures of a `.tflite` file, to check it on a phone."""

import hashlib
import json
import pathlib
import shutil

import numpy as np
from PIL import Image

from keras_secn.data.images import read_image
from keras_secn.lite.interpreter import LiteModel
from keras_secn.lite.metadata import info
from keras_secn.lite.pictures import low_resolution
from keras_secn.utils.atomic_file import atomic_path
from keras_secn.utils.errors import UserError
from keras_secn.utils.json_file import write_json

# Levels that are always tolerated. Fast kernels (XNNPACK) round differently from LiteRT's own, and
# which of them run is the device's choice: how far the two are apart here is tolerated as well.
TOLERANCE = {"largest": 2, "mean": 0.1}
HEADROOM = 1.5  # a phone's own kernels may be a little further off
SIZES = ((96, 96), (61, 83), (17, 40))  # square, odd, smaller than a tile


def write(path, folder, photographs, tile=64):
    """Writes inputs, the pictures a file makes of them, and what may differ.

    The folder holds the file itself, `NAME.png` (LR), `NAME_expected.png` (in tiles, as the app
    works), `NAME_builtin.png` (the same by LiteRT's own kernels, without XNNPACK) and
    `parity.json`: `file`, `sha256`, `scale`, `tile`, `overlap`, `tolerance` and `pictures`.

    Args:
        path: a `.tflite` file of dynamic size.
        folder: made; what was in it under the same names is replaced.
        photographs: folder of photographs, or list of uint8 LR pictures.
        tile: LR pixels a side.

    Returns:
        What `parity.json` holds.

    Raises:
        UserError: the file has a fixed size; no photographs.
    """
    path, folder = pathlib.Path(path), pathlib.Path(folder)
    facts = info(path)
    if facts.get("shape") != "dynamic":
        raise UserError(f"{path}: not a file of dynamic size by tflite/convert.py")
    lite, plain = (LiteModel(path, tile=tile, delegate=delegate) for delegate in (True, False))
    pictures, apart = [], []
    found = low_resolution(photographs, lite.scale, len(SIZES))
    for number, picture in enumerate(found):
        height, width = SIZES[number]
        name = f"{number}"
        picture = np.ascontiguousarray(picture[:height, :width])
        _save(picture, folder / f"{name}.png")
        fast, own = lite(picture), plain(picture)
        _save(fast, folder / f"{name}_expected.png")
        _save(own, folder / f"{name}_builtin.png")
        pictures.append(name)
        apart.append(_difference(fast, own))
    facts = {
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "quantization": facts["quantization"],
        "scale": lite.scale,
        "tile": tile,
        "overlap": lite.overlap,
        "tolerance": {
            key: max(least, HEADROOM * max(row[key] for row in apart))
            for key, least in TOLERANCE.items()
        },
        "pictures": pictures,
    }
    with atomic_path(folder / path.name) as temporary:
        shutil.copyfile(path, temporary)
    write_json(facts, folder / "parity.json")
    return facts


def check(folder, upscale=None):
    """Compares pictures with the expected ones.

    Args:
        folder: what `write` made.
        upscale: function of a uint8 LR picture; the folder's own file on this machine if `None`.

    Returns:
        For each picture's name, `largest` and `mean` difference in levels, `builtin`, the largest
        one from the picture by LiteRT's own kernels, and whether they are `tolerated`.

    Raises:
        UserError: the folder is not whole, or the file in it is another one.
    """
    folder = pathlib.Path(folder)
    try:
        facts = json.loads((folder / "parity.json").read_text())
        content = (folder / facts["file"]).read_bytes()
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{folder} is not a parity folder: {error}") from None
    if hashlib.sha256(content).hexdigest() != facts["sha256"]:
        raise UserError(f"{folder / facts['file']} is not the file that the pictures were made by")
    if upscale is None:
        upscale = LiteModel(folder / facts["file"], tile=facts["tile"], overlap=facts["overlap"])
    rows = {}
    for name in facts["pictures"]:
        found = upscale(read_image(folder / f"{name}.png"))
        row = _difference(found, read_image(folder / f"{name}_expected.png"))
        tolerated = all(row[key] <= facts["tolerance"][key] for key in TOLERANCE)
        builtin = _difference(found, read_image(folder / f"{name}_builtin.png"))["largest"]
        rows[name] = {**row, "builtin": builtin, "tolerated": tolerated}
    return rows


def _difference(one, other):
    error = np.abs(one.astype(int) - other)
    return {"largest": int(error.max()), "mean": float(error.mean())}


def _save(picture, path):
    with atomic_path(path) as temporary:
        Image.fromarray(picture).save(temporary)
