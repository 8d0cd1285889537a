"""Plans the enlargement of many files, then runs it."""

import os
import pathlib
import re
import sys
import time
import unicodedata
import warnings
from typing import NamedTuple

from keras_secn.upscaling import inputs
from keras_secn.upscaling.io import video, write
from keras_secn.upscaling.io.read import read_header
from keras_secn.upscaling.upscale_file import QUALITY, output_suffix, upscale_file
from keras_secn.utils.atomic_file import remove_leftovers
from keras_secn.utils.errors import UserError

WRITTEN = {*write.FORMATS, *video.SUFFIXES}
# what looks like a picture's format; `pages.v2` does not
FORMAT_LIKE = re.compile(r"\.(?!v\d+$)[a-z][a-z0-9]{1,4}", re.IGNORECASE)
# of memory for a pixel of an original at x2: a low estimate, so that no possible run is refused
PIXEL_BYTES, STREAMED_BYTES = 24, 8
LONGEST_NAME = 255  # bytes, where the system does not say


class Job(NamedTuple):
    """One file to upscale."""

    path: pathlib.Path
    out: pathlib.Path  # the result
    sheet: pathlib.Path | None = None  # the picture that compares the two
    size: tuple | None = None  # (height, width) of a frame; `None` if the result is there already
    count: int = 0  # number of frames


class Plan(NamedTuple):
    """A batch."""

    jobs: list  # of `Job`
    failed: list  # (path, reason) of what cannot be done
    inputs: inputs.Inputs
    overwrite: bool  # results take the place of what is there

    def work(self, upscaler):
        """LR pixels that `run` reports through `tick`."""
        return sum(job.count * upscaler.work(*job.size) for job in self.jobs if job.size)


def plan(names, out, tag, suffix=None, overwrite=False, sheets=False, memory=None):
    """Says where the result of each file goes; writes nothing.

    A result's path follows from its original's path and the options, whatever else is there: the
    tree below a folder or pattern is kept, and where the format changes, the original's suffix
    stays in the name (`photo_jpg.png`), so that `photo.png` can join at any time. No result takes
    the place of an input, or of another result: a `UserError`.

    Args:
        names: files, folders and patterns, see `inputs.find`.
        out: a file, if there is one input file and the name says a format; else a folder. `None`:
            results lie beside the files as `photo_x2.jpg`, those of a folder in `folder_x2`.
        tag: see `Target.tag`.
        suffix: of all results; `None` for the formats of the originals.
        sheets: plan a picture that compares, beside each result.
        memory: bytes that there are; pictures that are sure to need more fail. `None`: try all.
    """
    file, folder = _target(out)
    _check_format(file, suffix)
    found = inputs.find(names, folder, tag)
    if file and (found.folders or len(found.files) + len(found.failed) != 1):
        raise UserError(f"{file} is one file, and the inputs are several: name a folder")
    jobs, failed = [], list(found.failed)
    for each in found.files:
        try:
            job = _job(each, file, folder, tag, suffix, overwrite)
            if sheets:
                sheet = job.out.with_name(result_name(job.out, ".png", "_compare"))
                job = job._replace(sheet=sheet)
            _check_name(job)
            _check_memory(job, memory)
            jobs.append(job)
        except Exception as error:
            failed.append((each.path, reason(error)))
    return Plan(_distinct(jobs, found.files), failed, found, overwrite)


def _target(out):
    """(file, folder) that `-o` names; both `None` if it names nothing."""
    if out is None:
        return None, None
    if out == "-":
        raise UserError("results go to files, not to standard output; name a file or a folder")
    path = pathlib.Path(out)
    is_folder = str(out).endswith((os.sep, os.altsep or os.sep))
    if os.path.isdir(path) or (is_folder and not os.path.exists(path)):
        return None, path
    if not is_folder and path.suffix.lower() in WRITTEN:
        return path, None
    if not is_folder and FORMAT_LIKE.fullmatch(path.suffix):
        known = ", ".join(known[1:] for known in [*write.FORMATS, *sorted(video.SUFFIXES)])
        raise UserError(
            f"{out}: unknown format {path.suffix[1:]!r}; known are {known};"
            f" a folder of that name: {out}{os.sep}"
        )
    if os.path.exists(path):
        raise UserError(f"{out} is a file; name a folder")
    return None, path


def _check_format(file, suffix):
    formats = [write.FORMATS.get(end.lower()) for end in (suffix, file and file.suffix) if end]
    if len(set(formats)) > 1:
        raise UserError(f"{file} and --format {suffix[1:]} contradict each other: leave one out")


def _job(found, file, folder, tag, suffix, overwrite):
    path = found.path
    moving = video.is_video(path)

    def place(end):
        if file:
            return file
        if folder:
            return (folder / found.below).with_name(result_name(path, end))
        return found.folder / result_name(path, end, f"_{tag}" if found.marked else "")

    # what is made already is not opened: the suffix tells the result's name unless it lies
    likely = path.suffix if moving else suffix or path.suffix
    if not overwrite and likely.lower() in WRITTEN and _is_there(place(likely)):
        return Job(path, place(likely))
    if moving and suffix:
        warnings.warn(
            f"{path}: --format is for pictures; a video's is named with -o FILE", stacklevel=2
        )
    if moving:
        size, count = video.probe(path)[:2]
        return Job(path, place(path.suffix), None, size, count)
    source = read_header(path)
    out = place(output_suffix(source, suffix))
    done = not overwrite and _is_there(out)
    return Job(path, out) if done else Job(path, out, None, source.size, source.count)


def _is_there(path):
    if os.path.isdir(path):
        raise UserError(f"{path} is a folder")
    return os.path.lexists(path)


def result_name(path, end, mark=""):
    """The name of a result: `photo_x2.jpg`, or `photo_jpg_x2.png` if the suffix changes."""
    own = path.suffix
    if own.lower() == end.lower():
        return f"{path.stem}{mark}{own}"
    return f"{path.stem}{own.replace('.', '_')}{mark}{end}"


def _check_name(job):
    place = job.out.parent
    while not os.path.isdir(place) and place != place.parent:
        place = place.parent
    try:
        longest = os.pathconf(place, "PC_NAME_MAX")
    except (AttributeError, OSError, ValueError):
        longest = LONGEST_NAME
    length = max(len(os.fsencode(path.name)) for path in (job.out, job.sheet) if path)
    if length > longest:
        raise UserError(
            f"its result's name would be {length} bytes long, and {longest} fit;"
            " choose a shorter one with -o FILE"
        )


def _check_memory(job, memory):
    height, width = job.size or (0, 0)
    streamed = write.FORMATS.get(job.out.suffix.lower()) in write.STREAMED
    needed = height * width * (STREAMED_BYTES if streamed else PIXEL_BYTES)
    if memory is not None and needed > memory:
        raise UserError(
            f"{width}x{height} pixels need {needed / 1e9:.1f} GB of memory at least, and"
            f" {memory / 1e9:.1f} are free; to try nevertheless: --max-pixels {height * width}"
        )


def _distinct(jobs, files):
    """The jobs, each once; a `UserError` if two files or an input have one path."""
    originals = {_identity(found.path): found.path for found in files}
    kept, takers, clashes = {}, {}, {}
    for job in jobs:  # one file may be named twice
        kept.setdefault((_identity(job.path), _key(job.out)), job)
    for job in kept.values():
        for place in filter(None, (job.out, job.sheet)):
            other = takers.setdefault(_key(place), job)
            original = originals.get(_identity(place))
            if other is not job:
                clash = _both(other.path, job.path, place)
            elif original == job.path:
                clash = f"{job.path}: the result would take its place; choose another -o"
            elif original:
                clash = (
                    f"{place} would be made of {job.path}, and is an input itself;"
                    " leave it out, or choose another folder with -o"
                )
            else:
                continue
            clashes[job] = clash
    if clashes:
        more = f" (and {len(clashes) - 1} more like this)" if len(clashes) > 1 else ""
        raise UserError(f"{next(iter(clashes.values()))}{more}")
    return list(kept.values())


def _both(first, second, place):
    if first.parent == second.parent:
        advice = "rename one of them"
    else:
        shared = os.path.relpath(os.path.commonpath([p.parent.absolute() for p in (first, second)]))
        advice = f"name the folder {shared}, whose tree is kept, or give each its own -o"
    return f"{first} and {second} would both become {place}; {advice}"


def _key(path):
    """What two spellings of a path have in common."""
    name = path.name
    if sys.platform in ("win32", "darwin"):
        # elsewhere `run` finds out
        name = unicodedata.normalize("NFC", name).casefold()
    return os.path.realpath(path.parent), name


def _identity(path):
    """Equal for two names of one file, links included; `None` if there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def run(plan, upscaler, quality=QUALITY, tick=None):
    """Does what `plan` says; a file that fails, in whatever way, does not stop the others.

    Removes temporary files that killed runs left in the results' folders.

    Yields:
        A dictionary for each file when it is done: `input`, `output`, `status` ("done", "skipped"
        or "failed"), and `seconds` or `error`.
    """
    for path, why in plan.failed:
        yield {"input": str(path), "output": None, "status": "failed", "error": _named(path, why)}
    for folder in {job.out.parent for job in plan.jobs}:
        remove_leftovers(folder)
    made = {}
    for job in plan.jobs:
        result = {"input": str(job.path), "output": str(job.out)}
        if not job.size:
            yield {**result, "status": "skipped"}
            continue
        started = time.perf_counter()
        try:
            other = made.get(_identity(job.out))
            if other:
                raise UserError(
                    f"this file system takes {job.out} for {other}, which was just made; rename one"
                )
            if not plan.overwrite and os.path.lexists(job.out):
                yield {**result, "status": "skipped"}  # another program was quicker
                continue
            if video.is_video(job.path):
                video.upscale_video(upscaler, job.path, job.out, tick=tick)
            else:
                upscale_file(upscaler, job.path, job.out, quality=quality, tick=tick)
            made[_identity(job.out)] = job.out
        except Exception as error:
            error = _named(job.path, reason(error))
            yield {**result, "status": "failed", "error": error}
        else:
            seconds = round(time.perf_counter() - started, 3)
            yield {**result, "status": "done", "seconds": seconds}


def reason(error):
    """Why a file failed, on one line, for whatever exception."""
    text = str(error) if isinstance(error, UserError) else " ".join(str(error).split())
    if isinstance(error, MemoryError):
        return "memory ran out; png and tiff need least (--format), and a smaller --tile helps"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    if isinstance(error, UserError | OSError):
        return text or type(error).__name__
    return f"failed by a fault of this program ({type(error).__name__}: {text}); please report it"


def _named(path, text):
    return text if str(path) in text else f"{path}: {text}"
