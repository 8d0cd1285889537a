"""Copies the presets' LiteRT files and a photograph beside the page, and writes what they are.

python web/networks.py
"""

import json
import pathlib
import shutil
import sys

import keras_secn
from keras_secn.lite import metadata
from keras_secn.presets.lite_files import SUFFIXES, preset_file

HERE = pathlib.Path(__file__).parent
SAMPLE = pathlib.Path(keras_secn.__file__).parent / "samples" / "validation" / "colosseum.jpg"
# preset -> what the page says of it; the first is chosen
OFFERED = {
    "pocket_secn_l": "quick",
    "pocket_secn_l_jpeg": "quick, for strongly compressed JPEGs",
    "ct_secn_16": "careful, slow",
    "ct_secn_16_jpeg": "careful, for strongly compressed JPEGs",
    "pocket_secn_l_x4": "quick",
    "ct_secn_16_x4": "careful, slow",
}


def main(folder=HERE):
    networks = pathlib.Path(folder) / "networks"
    shutil.rmtree(networks, ignore_errors=True)
    networks.mkdir(parents=True)
    shutil.copy(SAMPLE, networks)
    offered = [_entry(name, label, networks) for name, label in OFFERED.items()]
    (networks / "networks.json").write_text(json.dumps(offered, indent=1) + "\n", encoding="utf-8")


def _entry(name, label, networks):
    paths = {kind: preset_file(name, kind) for kind in SUFFIXES}
    files = {kind: path.name for kind, path in paths.items() if path.is_file()}
    for kind in files:
        shutil.copy(paths[kind], networks)
    facts = metadata.facts_of(paths["float32"])
    tiles = {"radius": facts.tiles.radius, "gated": facts.tiles.gated}
    return {"name": name, "label": label, "scale": facts.scale, **tiles, "files": files}


if __name__ == "__main__":
    main(*sys.argv[1:])
