"""Which files are upscaled to where, and doing so: one that fails does not stop the others."""

import glob
import os
import pathlib
import time
from typing import NamedTuple

from keras_secn.upscaling.io import video, write
from keras_secn.upscaling.io.read import SUFFIXES, read_header
from keras_secn.upscaling.one_file import QUALITY, output_suffix, upscale_file
from keras_secn.utils.errors import UserError


class Job(NamedTuple):
    """One file to upscale.

    Args:
        path: of the file.
        folder: where its result goes.
        out: the result's path, if the user named it.
        named: whether the result's name tells it from the original.
    """

    path: pathlib.Path
    folder: pathlib.Path
    out: pathlib.Path | None = None
    named: bool = False


def find_jobs(inputs, out, scale):
    """All files that inputs stand for.

    Args:
        inputs: files, folders (taken recursively, pictures only) and patterns such as `*.jpg`.
        out: a file, if there is one input file and the name says a format; else a folder, which
            gets the same folders within. `None`: results lie beside the files as `photo_x2.jpg`,
            those of a folder in `folder_x2`.
        scale: enlargement, for names.

    Returns:
        A list of `Job`, and a list of (input, reason) for inputs that stand for nothing.
    """
    out = None if out is None else pathlib.Path(out)
    jobs, failed = [], []
    found = [path for name in inputs for path in _expand(name)]
    one = len(found) == 1 and not found[0].is_dir()
    is_file = out is not None and not out.is_dir() and out.suffix.lower() in _WRITTEN
    if is_file and not one:
        raise UserError(f"{out} is one file, and the inputs are several: name a folder")
    for path in found:
        if path.is_dir():
            named = path if path.name not in ("", "..") else path.resolve()
            target = out or named.with_name(f"{named.name}_x{scale}")
            pictures = _pictures(path, target)
            if not pictures:
                failed.append((path, "no pictures in it"))
            jobs += [Job(file, target / file.parent.relative_to(path)) for file in pictures]
        elif not path.exists():
            failed.append((path, "no such file"))
        elif is_file:
            jobs.append(Job(path, out.parent, out))
        elif out is not None:
            jobs.append(Job(path, out))
        elif not _is_result(path, scale):
            jobs.append(Job(path, path.parent, named=True))
    return jobs, failed


_WRITTEN = {*write.FORMATS, *video.SUFFIXES}


def _expand(name):
    if not pathlib.Path(name).exists() and glob.has_magic(name):
        return [pathlib.Path(path) for path in sorted(glob.glob(name, recursive=True))] or [
            pathlib.Path(name)
        ]
    return [pathlib.Path(name)]


def _pictures(folder, target):
    target = target.resolve()
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and target not in path.resolve().parents
        and path.is_file()
    )


def _is_result(path, scale):
    """Whether a file is what an earlier run made of another one beside it."""
    mark = f"_x{scale}"
    original = path.stem.removesuffix(mark)
    return path.stem.endswith(mark) and any(
        other.stem == original and other != path for other in path.parent.iterdir()
    )


def prepare(jobs, upscaler, suffix=None, overwrite=False):
    """Reads every header, so that the work is known before it begins.

    Args:
        jobs: of `find_jobs`.
        upscaler: an `Upscaler`.
        suffix: ".png" and the like for all results, or `None` for the formats of the originals.
        overwrite: do again what is there.

    Returns:
        A list of (path, out, work in LR pixels or the `UserError`); work is 0 for what is done.
    """
    plan, taken = [], {}
    for job in jobs:
        out = job.out
        try:
            if video.is_video(job.path):
                size, count = video.probe(job.path)[:2]
                end = job.path.suffix
            else:
                source = read_header(job.path)
                size, count, end = source.size, source.count, output_suffix(source, suffix)
            if out is None:
                name = job.path.stem + (f"_x{upscaler.scale}" if job.named else "")
                out = job.folder / (name + end)
                if taken.get(out, job.path) != job.path:
                    # photo.png and photo.jpg, both to be PNG
                    out = job.folder / f"{name}_{job.path.suffix[1:]}{end}"
            if out.exists() and os.path.samefile(out, job.path):
                raise UserError(f"{job.path}: the result would take its place; choose another -o")
            taken[out] = job.path
            done = out.exists() and not overwrite
            work = 0 if done else count * upscaler.work(*size)
        except (UserError, OSError) as error:
            work = error
        plan.append((job.path, out, work))
    return plan


def run(plan, upscaler, quality=QUALITY, tick=None):
    """Does what `prepare` planned.

    Yields:
        A dictionary for each file when it is done: `input`, `output`, `status` ("done", "skipped"
        or "failed"), and `seconds` or `error`.
    """
    for path, out, work in plan:
        result = {"input": str(path), "output": None if out is None else str(out)}
        started = time.perf_counter()
        try:
            if isinstance(work, Exception):
                raise work
            if not work:
                yield {**result, "status": "skipped"}
                continue
            if video.is_video(path):
                video.upscale_video(upscaler, path, out, tick=tick)
            else:
                upscale_file(upscaler, path, out, quality=quality, tick=tick)
        except (UserError, OSError) as error:
            # the name first, whatever was wrong
            text = " ".join(str(error).split())
            text = text if str(path) in text else f"{path}: {text}"
            yield {**result, "status": "failed", "error": text}
        else:
            seconds = round(time.perf_counter() - started, 3)
            yield {**result, "status": "done", "seconds": seconds}
