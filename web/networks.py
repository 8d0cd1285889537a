"""Copies the presets' LiteRT files and a photograph beside the page, and writes what they are.

python web/networks.py [--folder FOLDER] [FILE.tflite ...]

Files of `keras-secn export` join the presets.
"""

import argparse
import json
import pathlib
import shutil
from itertools import repeat

import keras_secn
from keras_secn.lite import metadata
from keras_secn.presets.lite_files import SUFFIXES, preset_file
from keras_secn.utils.errors import UserError

HERE = pathlib.Path(__file__).parent
SAMPLE = pathlib.Path(keras_secn.__file__).parent / "samples" / "validation" / "colosseum.jpg"
# preset -> what the page says of it; the first is chosen
OFFERED = {
    "pocket_secn_l": "quick",
    "pocket_secn_l_jpeg": "quick, for strongly compressed JPEGs",
    "ct_secn_16": "careful, slow",
    "ct_secn_16_jpeg": "careful, slow, for strongly compressed JPEGs",
    "pocket_secn_l_x4": "quick",
    "ct_secn_16_x4": "careful, slow",
}


def main():
    parser = argparse.ArgumentParser(description="Fills the page's folder with networks.")
    parser.add_argument("--folder", type=pathlib.Path, default=HERE, help="of the page")
    parser.add_argument("files", nargs="*", type=pathlib.Path, help="networks of your own")
    arguments = parser.parse_args()
    for file in arguments.files:
        if not file.is_file():
            parser.error(f"{file}: no such file")
    networks = arguments.folder / "networks"
    shutil.rmtree(networks, ignore_errors=True)
    networks.mkdir(parents=True)
    shutil.copy(SAMPLE, networks)
    offered = [
        (name, label, [path for path in map(preset_file, repeat(name), SUFFIXES) if path.is_file()])
        for name, label in OFFERED.items()
    ]
    offered += [(file.stem, "of your own", [file]) for file in arguments.files]
    entries = [_entry(name, label, paths, networks) for name, label, paths in offered]
    (networks / "networks.json").write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")


def _entry(name, label, paths, networks):
    entry = {"name": name, "label": label, "files": {}}
    for path in paths:
        facts = metadata.facts_of(path)
        if not (facts and facts.tiles):
            raise SystemExit(f"error: {path}: keras-secn export makes the page's files")
        shutil.copy(path, networks)
        entry["files"]["int8" if facts.io == "uint8" else "float32"] = path.name
        entry |= {"scale": facts.scale, **vars(facts.tiles)}
    return entry


if __name__ == "__main__":
    try:
        main()
    except (UserError, OSError) as error:
        raise SystemExit(f"error: {error}") from None
