"""A run's folder: one process at a time, and the same settings when it is resumed."""

import contextlib
import dataclasses
import json
import pathlib

from keras_secn import presets
from keras_secn.models.edsr_trunk import scale_of
from keras_secn.presets.load import load
from keras_secn.training import multihost
from keras_secn.utils import folder_lock
from keras_secn.utils.errors import UserError
from keras_secn.utils.json_file import read_object, write_json

RENAMED = {"initialiser": "initializer"}  # settings that older runs keep under another name


@contextlib.contextmanager
def run_folder(folder, settings):
    """Makes or reopens a run's folder, and keeps other runs out while the body runs.

    Of the processes of one run (`keras_secn.training.multihost`) the first one holds the folder.
    `settings`, a dataclass, are kept as `settings.json` by the first run.

    Raises:
        UserError: another run holds the folder, or it was started with other settings.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        if multihost.is_first():
            try:
                stack.enter_context(folder_lock.hold(folder, wait=False))
            except BlockingIOError:
                raise UserError(f"another run is using {folder}") from None
        check_settings(settings, folder)
        try:
            yield folder
        except UserError:
            _forget_settings(folder)
            raise


def load_initial(name, folder):
    """Loads the network that a run starts from: a `.keras` file or a preset.

    Of a preset, the card is kept as `initial.json`: the preset may be another one by the time that
    the run is published, not least because of that.
    """
    model, path = load(name), folder / "initial.json"
    if name in presets.list_presets() and multihost.is_first() and not path.exists():
        write_json(presets.preset_card(name), path)
    return model


def load_teacher(name, scale):
    """Loads the network that a run learns from, which must have this scale; None if `name` is."""
    if not name:
        return None
    teacher = load(name)
    if scale_of(teacher) != scale:
        raise UserError(f"{name} enlarges {scale_of(teacher)} times, not {scale}")
    return teacher


def _forget_settings(folder):
    """Lets a corrected command use the folder, if the wrong one had saved no network."""
    saved = [*folder.rglob("checkpoint.*"), *folder.rglob("model.keras")]
    if multihost.is_first() and not saved:
        for name in ("settings.json", "initial.json"):
            (folder / name).unlink(missing_ok=True)


def check_settings(settings, folder):
    """Writes `settings.json`, or raises a `UserError` if it holds other settings."""
    wanted = _plain(settings)
    path = folder / "settings.json"
    if path.exists():
        found = _completed(read_object(path), settings)
        if found != wanted:
            different = _first_difference(found, wanted)
            raise UserError(
                f"{folder} was started with other settings ({different}); "
                "use the same flags or another --output_dir"
            )
    elif multihost.is_first():
        write_json(wanted, path)


def _completed(found, settings):
    """What an older version kept, as today's settings: new ones by default, unused ones gone."""
    known = {field.name for field in dataclasses.fields(settings)}
    found = {RENAMED.get(name, name): value for name, value in found.items()}
    found = {name: value for name, value in found.items() if name in known or value}
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if dataclasses.is_dataclass(value) and isinstance(found.get(field.name), dict):
            found[field.name] = _completed(found[field.name], value)
        elif field.default is not dataclasses.MISSING:
            found.setdefault(field.name, _plain(field.default))
    return found


def _plain(value):
    """A setting as it comes back from a file."""
    value = dataclasses.asdict(value) if dataclasses.is_dataclass(value) else value
    return json.loads(json.dumps(value))


def _first_difference(found, wanted, prefix=""):
    for key in {**wanted, **found}:
        if isinstance(wanted.get(key), dict) and isinstance(found.get(key), dict):
            inner = _first_difference(found[key], wanted[key], f"{prefix}{key}.")
            if inner:
                return inner
        elif found.get(key) != wanted.get(key):
            return (
                f"{prefix}{_shown(key)} was {_shown(found.get(key))}, now {_shown(wanted.get(key))}"
            )
    return None


def _shown(value):
    """A value on a line: what a stranger wrote may be long, or move the terminal's cursor."""
    text = ascii(value)[1:-1] if isinstance(value, str) else ascii(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
