"""Makes presets of a finished run: weights, scores, cards in `keras_secn/presets/weights/`.

    python training/publish.py --run runs/main --data_dir SET5 --data_dir SET14 \\
      --data "what it was trained on, and licenses" --command "the command of the run"
"""

import datetime
import pathlib

import numpy as np
from absl import flags
from tqdm import tqdm

from keras_secn import presets
from keras_secn.metrics.protocol import ValidationSet
from keras_secn.presets.family import Member, member
from keras_secn.training.app import run_app
from keras_secn.utils.errors import UserError
from keras_secn.utils.json_file import read_object

FLAGS = flags.FLAGS
HARMLESS = 0.005  # dB that float16 may cost on any folder


def publish(run, names, folders, about, force=False):
    """Makes presets of networks of a run, all if none is named; returns a sentence about each.

    A preset that is there already gives way only to one that scores higher on the first folder, or
    to `force`. The dictionary `about` goes into the cards' `training`.

    Raises:
        UserError: the run is not finished, or it has no network of that name.
    """
    # Keras takes seconds, for which --help does not wait
    from keras_secn.metrics.complexity import multiply_adds
    from keras_secn.models.edsr_trunk import scale_of
    from keras_secn.presets.keras_file import load_checked
    from keras_secn.rewrite.fold_collapsible import fold

    run = pathlib.Path(run)
    if not (run / "table.json").is_file():
        raise UserError(f"{run} is not a finished run: it has no table.json")
    table = read_object(run / "table.json")
    settings = table["settings"]
    rows = {
        row["name"]: row
        for row in table["networks"]
        if (run / row["name"] / "model.keras").is_file()  # not that of the network it started from
    }
    earlier = 0
    start = _initial_card(run, settings.get("initial"))
    if start:
        earlier = start["training"]["steps"]
        about = {
            **about,
            "initial": f"preset {start['name']} of {earlier} steps, {start['sha256']}",
        }
    unknown = sorted(set(names) - set(rows))
    if unknown:
        raise UserError(f"{run} has no network {unknown[0]!r}; it has {', '.join(rows)}")
    said = []
    for name in tqdm(names or list(rows), unit="network", leave=False):
        model = fold(load_checked(run / name / "model.keras"))
        rough = _recipe(settings).get("degradation", {}).get("name", "none") != "none"
        scale = scale_of(model)
        dtype, scores = _compact(model, _validation_sets(folders, scale, rough))
        own, name = name, Member(member(name).network, scale, rough).name
        first = next(iter(scores))
        before = _score_before(name, first)
        if not force and before is not None and before >= scores[first]["psnr_y"]:
            said.append(f"{name}: kept the preset, {before:.3f} dB on {first}")
            continue
        steps = earlier + rows[own]["steps"]
        training = {
            **about,
            "steps": steps,
            # a mean of several trainings has none of its own
            "seed": _recipe(settings).get("seed"),
        }
        card = {
            **_factory(model, rows[own], settings),
            "multiply_adds": round(multiply_adds(model)),
            "scores": scores,
            "training": training,
            "date": datetime.date.today().isoformat(),
        }
        presets.write_preset(name, model, card, dtype)
        said.append(f"{name}: {scores[first]['psnr_y']:.3f} dB on {first}, {dtype}")
    return said


def _recipe(settings):
    return settings.get("last", settings.get("recipe")) or {}


def _validation_sets(folders, scale, rough):
    """By name; networks for compressed pictures are scored on those first."""
    kinds = ("jpeg75", "jpeg40", "png") if rough else ("png",)
    return {
        pathlib.Path(folder).name + ("" if kind == "png" else f"_{kind}"): ValidationSet(
            folder, scale, kind
        )
        for kind in kinds
        for folder in folders
    }


def _initial_card(run, initial):
    """The card of the preset that the run started from; `None` if it was a file, or none."""
    path = run / "initial.json"
    if path.is_file():
        return read_object(path)
    return presets.preset_card(initial) if initial in presets.list_presets() else None


def _compact(model, sets):
    """The type to store weights in, and the scores of what will be loaded."""
    exact, weights = _scores(model, sets), model.get_weights()
    model.set_weights([weight.astype(np.float16).astype(np.float32) for weight in weights])
    rounded = _scores(model, sets)
    lost = max(exact[name]["psnr_y"] - rounded[name]["psnr_y"] for name in exact)
    if lost < HARMLESS:
        return "float16", rounded
    model.set_weights(weights)
    return "float32", exact


def _scores(model, sets):
    scores = {}
    for name, validation in sets.items():
        found = validation.scores(model)
        scores[name] = {
            "psnr_y": round(found["val_psnr"], 4),
            "ssim_y": round(found["val_ssim"], 5),
        }
    return scores


def _score_before(name, folder):
    if name not in presets.list_presets():
        return None
    return presets.preset_card(name)["scores"].get(folder, {}).get("psnr_y")


def _factory(model, row, settings):
    from keras_secn.models import registry
    from keras_secn.models.edsr_trunk import block_kinds, scale_of

    if "factory" in settings:
        return {key: settings[key] for key in ("factory", "arguments")}
    if "model" in settings:
        system = registry.system(settings["model"])
        own = row.get("arguments", settings["arguments"])
        arguments = {**system.arguments, "scale": settings["scale"], **own}
        return {"factory": system.factory, "arguments": arguments}
    kinds, filters = block_kinds(model), model.get_layer("head").filters
    options = {"scale": scale_of(model), "filters": filters}
    replaced = kinds.count("separable")
    if kinds == ["se"] * (len(kinds) - replaced) + ["separable"] * replaced:
        options = {"blocks": len(kinds), **options}
        if not replaced:
            return {"factory": "build_secn", "arguments": options}
        arguments = {"n": replaced, **options}
        return {"factory": "build_ct_secn", "arguments": arguments}
    return {"factory": "build_network", "arguments": {"kinds": kinds, **options}}


def define_flags():
    flags.DEFINE_string(
        "run", None, "Folder of a finished run of a script in training/", required=True
    )
    flags.DEFINE_list("networks", [], "Which networks; all of the run if not given.")
    flags.DEFINE_multi_string(
        "data_dir", None, "Folders to score on; the first decides.", required=True
    )
    flags.DEFINE_string("data", None, "Training photographs and their licenses.", required=True)
    flags.DEFINE_string("command", None, "The command of the training run.", required=True)
    flags.DEFINE_string("machine", None, "What it ran on.")
    flags.DEFINE_boolean("force", False, "Also replaces presets that score higher.")


def main(argv):
    about = {"data": FLAGS.data, "command": FLAGS.command, "machine": FLAGS.machine}
    for sentence in publish(FLAGS.run, FLAGS.networks, FLAGS.data_dir, about, FLAGS.force):
        print(sentence)


if __name__ == "__main__":
    define_flags()
    run_app(main)
