"""Averages the weights of networks that were trained on from one, and scores the mean beside them.

    python training/average.py --network secn --network runs/on/secn/model.keras \\
      --val_dir SET5 --output_dir runs/mean

What trains on from one network stays in its valley of the loss, and ends somewhere around its
middle; the mean of several ends is nearer to it (model soups, Wortsman et al., ICML 2022). What is
written is a finished run: training/publish.py makes a preset of it.
"""

import itertools
import pathlib
import zipfile

import numpy as np
import training_flags
from absl import flags
from tqdm import tqdm

from keras_secn.presets.store import list_presets, preset_card
from keras_secn.training.app import run_app
from keras_secn.utils.errors import UserError

FLAGS = flags.FLAGS


def average(models, shares=None):
    """Puts the mean of the networks' weights, each times its share, into the first one.

    Raises:
        UserError: none, networks of other shapes, or batch norms, whose statistics do not average.
    """
    import keras

    first, count = None, 0
    shares = itertools.repeat(1) if shares is None else shares
    for model, share in zip(models, shares, strict=False):
        weights = [share * np.asarray(weight, np.float64) for weight in model.get_weights()]
        if first is None:
            first, total = model, weights
            if any(isinstance(x, keras.layers.BatchNormalization) for x in model._flatten_layers()):
                raise UserError(f"{model.name} normalizes batches: its statistics do not average")
        elif [w.shape for w in weights] != [w.shape for w in total]:
            raise UserError(f"{model.name} is another network than {first.name}")
        else:
            total = [a + b for a, b in zip(total, weights, strict=True)]
        count += share
    if first is None:
        raise UserError("no network was given")
    first.set_weights([weight / count for weight in total])
    return first


def average_run(names, folder, *, validate, steps=0, shares=None):
    """Averages networks and writes the result as a finished run, which publish.py takes.

    The mean computes as the first network does. Names of checkpoints stand for their moving
    averages.

    Returns:
        A row for `keras_secn.metrics.report.table` for each network and, last, for their mean.

    Raises:
        UserError: fewer than two networks, an unknown one, not a share for each, shares that are
            no mean, the first is a checkpoint in mixed precision, or see `average`.
    """
    if len(names) < 2:
        raise UserError("an average takes two networks at least")
    if shares is not None:
        if len(shares) != len(names):
            raise UserError(f"{len(names)} networks take as many shares, not {len(shares)}")
        if not np.isfinite(sum(shares)) or min(shares) < 0 or sum(shares) == 0:
            raise UserError("shares are numbers from 0, one of them above it")

    # after what can be refused at once: Keras takes seconds
    from keras_secn.metrics.report import network_row, write_table
    from keras_secn.presets.load import load
    from keras_secn.training.run_folder import load_initial
    from keras_secn.utils.atomic_file import atomic_path

    folder.mkdir(parents=True, exist_ok=True)
    settings, rows = {"networks": list(names), "shares": shares, "initial": None}, []
    if names[0] in list_presets():
        card = preset_card(names[0])
        settings |= {"initial": names[0]} | {key: card[key] for key in ("factory", "arguments")}

    (folder / "initial.json").unlink(missing_ok=True)  # of other networks, averaged here before
    first = _checkpoint(names[0]) or load_initial(names[0], folder)
    if any(layer.compute_dtype != "float32" for layer in first.layers):
        raise UserError(f"{names[0]} computes in mixed precision: name another network first")

    def models():
        for index, name in enumerate(tqdm(names, unit="network", leave=False, disable=None)):
            model = (_checkpoint(name) or load(name)) if index else first
            optimizer = getattr(model, "optimizer", None)
            if optimizer and optimizer.use_ema:  # a checkpoint: what is kept is its moving average
                optimizer.finalize_variable_values(model.trainable_variables)
            yield model
            if index:  # checkpoints may compute in bfloat16; the first has been read by now
                first.set_weights(model.get_weights())
            rows.append(network_row(str(name), first, 0, validate))

    mean = average(models(), shares)
    with atomic_path(folder / mean.name / "model.keras") as path:
        mean.save(path)
    row = network_row(mean.name, mean, steps, validate)
    write_table([row], folder, settings)
    return [*rows, row]


def _checkpoint(name):
    """The compiled network of a checkpoint, which keeps the moving average; None of others."""
    from keras_secn.presets.keras_file import STATE, load_checked
    from keras_secn.training.checkpoint import CURRENT, PREVIOUS

    path = pathlib.Path(name)
    known = path.name in (CURRENT, PREVIOUS)
    if not known and path.is_file() and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            known = STATE in archive.namelist()
    return load_checked(name, compile=True) if known else None


def define_flags():
    flags.DEFINE_multi_string(
        "network", None, "A .keras file or a preset's name; two or more.", required=True
    )
    flags.DEFINE_multi_float(
        "share", None, "What a network counts for, in their order; 0 to start from one only."
    )
    flags.DEFINE_string("val_dir", None, "Photographs to score on; if none, the samples.")
    flags.DEFINE_string("output_dir", "runs/average", "Where the mean goes.")
    flags.DEFINE_integer(
        "steps", 0, "For the preset's card: steps of the others beyond the first.", lower_bound=0
    )


def main(argv):
    rows = average_run(
        FLAGS.network,
        pathlib.Path(FLAGS.output_dir),
        validate=training_flags.validation().scores,
        steps=FLAGS.steps,
        shares=FLAGS.share,
    )
    for row in [*rows[:-1], {**rows[-1], "name": "their mean"}]:
        print(f"{row['val_psnr']:.3f} dB, SSIM {row['val_ssim']:.4f}: {row['name']}")
    print(f"written to {FLAGS.output_dir}: {rows[-1]['name']}/model.keras")


if __name__ == "__main__":
    define_flags()
    run_app(main)
