"""Evaluates several models on several folders of photographs, and makes a table.

Keras is imported when the first network is loaded: bicubic and errors in arguments need none.
"""

import pathlib
import tempfile
from typing import NamedTuple

from PIL import Image

from keras_secn.data.images import find_images
from keras_secn.metrics.protocol import bicubic_upscaler, evaluate, image_upscaler
from keras_secn.presets.load import is_file, load
from keras_secn.utils.atomic_file import atomic_path
from keras_secn.utils.errors import UserError
from keras_secn.utils.markdown import markdown_table

BICUBIC = "bicubic"


class Candidate(NamedTuple):
    """A model to evaluate.

    Args:
        label: short unique name, for tables.
        source: the name or path that the user gave.
        upscale: function of a uint8 LR image that returns the uint8 picture.
        parameters: of the network; None for bicubic.
    """

    label: str
    source: str
    upscale: object
    parameters: int | None


def load_candidates(names, scale=None, ensemble=False, pooling=None):
    """Loads the models to compare.

    Args:
        names: `.keras` files, presets' names, or "bicubic".
        scale: required scale; the networks' own if not given, 2 for bicubic alone.
        ensemble: average the networks' pictures over the eight flips and rotations.
        pooling: window of squeeze-and-excitation in LR pixels (`keras_secn.set_pooling`); None for
            the mean over the whole image.

    Returns:
        A list of `Candidate`, and the scale.

    Raises:
        UserError: one cannot be loaded, is no super-resolution network, or has another scale.
    """
    from keras_secn.layers.squeeze_excite import set_pooling
    from keras_secn.models.edsr_trunk import scale_of

    names = list(dict.fromkeys(names))
    networks = {name: load(name) for name in names if name != BICUBIC}
    for name, network in networks.items():
        try:
            own = scale_of(network)
        except UserError:
            reason = "is not a super-resolution network (RGB in, larger RGB out)"
            raise UserError(f"{name} {reason}") from None
        if scale not in (None, own):
            raise UserError(f"{name} enlarges {own} times, not {scale} times")
        scale = own
        set_pooling(network, pooling)
    scale = scale or 2
    candidates = []
    for label, name in zip(short_names(names), names, strict=True):
        network = networks.get(name)
        upscale = image_upscaler(network, ensemble) if network else bicubic_upscaler(scale)
        candidates.append(Candidate(label, name, upscale, network and network.count_params()))
    return candidates, scale


def short_names(paths):
    """The shortest unique ends of paths, without `.keras`."""
    # a training run calls every network model.keras, in a folder with its name
    bare = [str(path).removesuffix("/model.keras").removesuffix(".keras") for path in paths]
    parts = [pathlib.PurePath(path).parts for path in bare]
    for count in range(1, max(map(len, parts)) + 1):
        names = ["_".join(part[-count:]).strip("/") for part in parts]
        if len(set(names)) == len(names):
            return names
    return [str(path) for path in paths]


def compare(candidates, folders, scale, save_dir=None, progress=False):
    """Evaluates every candidate on every folder.

    Args:
        candidates, scale: what `load_candidates` returned.
        folders: of photographs, see `keras_secn.metrics.evaluate`.
        save_dir: where pictures are written, as `folder/candidate/image.png`.
        progress: shows bars.

    Yields:
        For each folder as it is done, a dictionary from label to `keras_secn.metrics.Report`.

    Raises:
        UserError: as `keras_secn.metrics.evaluate`.
    """
    folders = {pathlib.Path(folder).resolve(): folder for folder in folders}
    for folder, folder_name in zip(folders.values(), short_names(folders), strict=True):
        reports = {}
        for candidate in candidates:
            keep = save_dir and _saver(pathlib.Path(save_dir) / folder_name / candidate.label)
            reports[candidate.label] = evaluate(
                candidate.upscale, folder, scale, progress=progress, keep=keep
            )
        yield reports


def _saver(folder):
    def save(name, picture):
        with atomic_path(folder / f"{name}.png") as temporary:
            Image.fromarray(picture).save(temporary)

    return save


def comparison_table(reports):
    """A Markdown table of PSNR-Y (dB) and SSIM-Y: a row per image, a column per candidate.

    Args:
        reports: dictionary from label to `keras_secn.metrics.Report`, all of one folder.
    """
    first = next(iter(reports.values()))
    lines = []
    for index, row in enumerate(first.rows):
        cells = [_scores(report.rows[index].__getitem__) for report in reports.values()]
        lines.append([row["name"], f"{row['width']}x{row['height']}", *cells])
    lines.append(["**mean**", "", *(f"**{_scores(report.mean)}**" for report in reports.values())])
    seconds = [f"{report.mean('seconds'):.2f}" for report in reports.values()]
    lines.append(["seconds per image", "", *seconds])
    return markdown_table(["image", "size", *reports], lines)


def _scores(value):
    return f"{value('psnr_y'):.2f} / {value('ssim_y'):.4f}"


def check_paths(names, folders, json=None, save_dir=None):
    """Checks arguments before Keras is loaded.

    Args:
        names: of models, as for `load_candidates`.
        folders: of photographs.
        json: file that results will be written to; its folder is made.
        save_dir: folder that pictures will be written to; it is made.

    Raises:
        UserError: no such file or folder, no photographs, or nothing can be written there.
    """
    for name in names:
        is_file(name)
    for folder in folders:
        find_images(folder)
    if json and pathlib.Path(json).is_dir():
        raise UserError(f"cannot write to {json}: it is a folder")
    for path in [json and pathlib.Path(json).parent, save_dir]:
        try:
            if path:
                pathlib.Path(path).mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryFile(dir=path):
                    pass
        except OSError as error:
            raise UserError(f"cannot write to {path}: {error.strerror}") from None
