"""`training.json` in a checkpoint: history and state of the current interval."""

import math
import zipfile

from keras_secn.presets.keras_file import STATE
from keras_secn.utils.errors import UserError
from keras_secn.utils.json_file import parse_object


def read_state(path):
    """What was saved in a checkpoint beside its network; a `UserError` if it is damaged.

    `rows` is the history. There may be `photographs`, their identity, `seconds` and `metrics` of an
    interval that was cut in two, or its `logs`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            content = archive.read(STATE) if STATE in archive.namelist() else b"{}"
    except (ValueError, zipfile.BadZipFile, OSError) as error:
        raise UserError(f"{path} is damaged: {error}") from None
    state = parse_object(content, f"{STATE} in {path}")
    for key, is_right in KINDS.items():
        if key in state and not is_right(state[key]):
            raise UserError(f"{STATE} in {path} is damaged: {key} is of another kind")
    return state


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_scores(value):
    return isinstance(value, dict) and all(map(_is_number, value.values()))


def _are_rows(value):
    return isinstance(value, list) and all(
        _are_scores(row) and isinstance(row.get("step"), int) and row["step"] >= 0 for row in value
    )


KINDS = {
    "rows": _are_rows,
    "logs": _are_scores,
    "metrics": lambda value: isinstance(value, list) and all(map(_is_number, value)),
    "seconds": lambda value: _is_number(value) and math.isfinite(value) and value >= 0,
    "photographs": lambda value: isinstance(value, str),
}
