"""Chooses the engine for a preset, model or file."""

import os
import pathlib
import warnings

from keras_secn import presets
from keras_secn.presets.lite_files import is_intact, preset_file
from keras_secn.utils.errors import UserError

DEFAULT = "ct_secn_16"
ENGINES = ("litert", "keras")


def is_preset(model):
    """Whether a name stands for a preset, not for a file; it may be unknown."""
    is_name = isinstance(model, str | os.PathLike)
    return is_name and pathlib.Path(model).suffix not in (".keras", ".tflite")


def choose_engine(model=DEFAULT, engine=None, threads=None, precision=None):
    """The engine for a preset's name, a Keras model, a `.keras` or a `.tflite` file.

    Presets run on LiteRT if their `.tflite` file is there and nothing else is asked for.
    """
    if engine not in (None, *ENGINES):
        raise UserError(f"engine must be one of {', '.join(ENGINES)}, not {engine!r}")
    if precision is not None and (engine == "keras" or not is_preset(model)):
        raise UserError("precision is for presets on LiteRT")
    if is_preset(model):
        return _of_preset(str(model), engine, threads, precision)
    if not isinstance(model, str | os.PathLike):
        if engine == "litert":
            raise UserError("a Keras model runs on LiteRT as a file: export_tiles makes one")
        if not hasattr(model, "compute_output_shape"):
            kind = type(model).__name__
            raise UserError(f"a model is a preset's name, a file or a Keras model, not {kind}")
        return _keras_engine(model)
    path = pathlib.Path(model)
    if path.suffix == ".tflite":
        if engine == "keras":
            raise UserError(f"{path} runs on LiteRT only")
        return _lite_engine(path, threads)
    if engine == "litert":
        out = path.with_suffix(".tflite")
        raise UserError(f"{path} runs on Keras; for LiteRT: keras-secn export {path} -o {out}")
    from keras_secn.presets.load import load

    return _keras_engine(load(str(path)))


def _of_preset(name, engine, threads, precision):
    presets.preset_card(name)
    file = preset_file(name, precision or "float32")
    there = engine != "keras" and file.is_file()
    if there and is_intact(name, file):
        return _lite_engine(file, threads)
    reason = "is not the file that its card names (SHA-256 differs)" if there else "is missing"
    if precision == "int8":
        raise UserError(f"{file} {reason}: python tflite/presets.py --preset {name} makes it")
    if engine == "litert":
        raise UserError(f"{file} {reason}: keras-secn export {name} makes it")
    if engine is None:
        warnings.warn(
            f"{file.name} {reason}, so Keras is used, which starts slowly;"
            f" keras-secn export {name} makes it",
            stacklevel=3,
        )
    return _keras_engine(presets.load_preset(name))


# each engine loads its library when it is needed first


def _keras_engine(model):
    from keras_secn.upscaling.engines.keras import KerasEngine

    return KerasEngine(model)


def _lite_engine(path, threads):
    from keras_secn.upscaling.engines.litert import lite_engine

    return lite_engine(path, threads)
