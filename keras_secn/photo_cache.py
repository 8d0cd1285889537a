"""Photographs decoded and downscaled once, then read through memory maps.

A cache is a folder with `hr.bin` and `lr.bin` (the uint8 RGB pixels of all photographs one after
another) and `index.json` (names, shapes, offsets, checksums). It needs neither Keras nor
TensorFlow.
"""

import collections
import concurrent.futures
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import sys
import tempfile
import zlib

import numpy as np
from tqdm import tqdm

from .errors import UserError
from .images import find_images, read_image
from .imresize import imresize

FORMAT = 1  # of the cache; part of the key, so that a new one never reads an old one's files
CHUNK = 1 << 24


class PhotoCache:
    """HR photographs and their LR versions, memory-mapped.

    Use `PhotoCache.build` (folders of photographs) or `keras_secn.div2k.load_div2k`.

    Attributes:
        scale: HR size / LR size.
        names: file names, in order.
        lr_shapes: array (images, 2) of LR heights and widths; HR is `scale` times that.
        skipped: list of (file name, reason) of what could not be used.
    """

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        index = json.loads((self.folder / "index.json").read_text(encoding="utf-8"))
        self.scale = index["scale"]
        self.names = [image["name"] for image in index["images"]]
        self.skipped = [tuple(item) for item in index["skipped"]]
        self.lr_shapes = np.array([i["lr_shape"] for i in index["images"]], np.int64).reshape(-1, 2)
        self._checksums = [(image["lr_crc"], image["hr_crc"]) for image in index["images"]]
        self._ends = np.cumsum(3 * self.lr_shapes.prod(axis=1))
        self._lr = _open_bytes(self.folder / "lr.bin", self._ends, 1)
        self._hr = _open_bytes(self.folder / "hr.bin", self._ends, self.scale**2)

    def __len__(self):
        return len(self.names)

    def lr(self, i):
        """LR pixels of photograph `i`: read-only uint8 (h, w, 3)."""
        return self._pixels(self._lr, i, 1)

    def hr(self, i):
        """HR pixels of photograph `i`: read-only uint8 (scale*h, scale*w, 3)."""
        return self._pixels(self._hr, i, self.scale)

    def _pixels(self, data, i, factor):
        height, width = (factor * length for length in self.lr_shapes[i].tolist())
        end = factor**2 * int(self._ends[i])
        return data[end - 3 * height * width : end].reshape(height, width, 3)

    def damaged(self):
        """Names of photographs whose pixels are not those that were stored (CRC-32)."""
        return [
            name
            for i, name in enumerate(self.names)
            if (zlib.crc32(self.lr(i)), zlib.crc32(self.hr(i))) != self._checksums[i]
        ]

    @classmethod
    def build(
        cls,
        folders,
        cache_dir=None,
        *,
        scale=2,
        min_hr=0,
        strict=False,
        progress=True,
        workers=None,
    ):
        """Opens the cache of the photographs below `folders`; builds it if there is none yet.

        A photograph is cropped at its lower right to a multiple of `scale` and downscaled by
        `imresize`. A cache is known by the files' paths, sizes and modification times, `scale` and
        `min_hr`; any change, or damage to the cache itself, has it built anew. Files that cannot
        be used are named on stderr, one line each, and skipped.

        Args:
            folders: a folder (read recursively) or image file, or several.
            cache_dir: where caches are kept; by default `keras-secn` in the user's cache folder.
            scale: an integer of at least 1.
            min_hr: skip photographs with a side below this many pixels.
            strict: fail if any file cannot be used.
            progress: show a progress bar on stderr while building.
            workers: threads that decode and downscale; by default one per core, at most 4.

        Raises:
            UserError: a folder is missing or holds no image, none can be used, or (`strict`) some
                cannot.
            OSError: the cache cannot be written.
        """
        if isinstance(folders, (str, os.PathLike)):
            folders = [folders]
        if not folders:
            raise UserError("no folder of photographs was given")
        if scale < 1 or scale != int(scale):
            raise UserError(f"scale must be a whole number of at least 1, not {scale}")
        files = list(dict.fromkeys(p.absolute() for folder in folders for p in find_images(folder)))
        state = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
        source = ["photographs", [str(pathlib.Path(f).absolute()) for f in folders], scale, min_hr]

        def produce():
            smallest = max(min_hr, scale)
            return _map_in_threads(lambda path: _pair(path, scale, smallest), files, workers)

        return cache_pairs(
            cls.default_dir() if cache_dir is None else cache_dir,
            source,
            state,
            scale,
            produce,
            total=len(files),
            strict=strict,
            progress=progress,
        )

    @staticmethod
    def default_dir():
        """`$XDG_CACHE_HOME/keras-secn`, or `~/.cache/keras-secn`."""
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        return pathlib.Path(base).expanduser() / "keras-secn"


def cache_pairs(cache_dir, source, state, scale, produce, *, total, strict, progress):
    """Opens the cache of `source` as of `state`, or builds it from what `produce()` yields.

    Args:
        cache_dir: folder of caches.
        source: JSON-able description of where the photographs come from.
        state: JSON-able description of what they are now; when it changes, the old cache goes.
        scale: HR size / LR size.
        produce: function that yields (name, HR, LR), uint8 RGB, or (name, reason, None) for a
            photograph that cannot be used.
        total: number of photographs, for the progress bar.
        strict: fail if any cannot be used.
        progress: show the bar.

    Raises:
        UserError: no photograph can be used, or (`strict`) some cannot.
        OSError: the cache cannot be written.
    """
    cache_dir = pathlib.Path(cache_dir)
    cache_dir.mkdir(parents=True, exist_ok=True)
    slot = f"{_digest(source)[:12]}-x{scale}"
    folder = cache_dir / f"{slot}-{_digest([FORMAT, source, state])[:16]}"
    cache = _open_sound(folder)
    if cache is None:
        # a second process waits for the first one's cache instead of building it again; a lock
        # that the kernel holds cannot outlive a killed process
        with open(cache_dir / f".{slot}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            cache = _open_sound(folder)
            if cache is None:
                _write(folder, slot, scale, produce, total, progress)
                cache = PhotoCache(folder)
    _report(cache, strict)
    return cache


def _open_sound(folder):
    """The cache in `folder`, or None if it is absent or damaged."""
    try:
        cache = PhotoCache(folder)
        return None if cache.damaged() else cache
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(folder, slot, scale, produce, total, progress):
    # what is left of builds that were killed, of older states and of a damaged cache: the lock is
    # ours, so nobody is building; a process that has one open keeps it through its memory map
    for stale in [*folder.parent.glob(f"{slot}-*"), *folder.parent.glob(f".{slot}.building-*")]:
        shutil.rmtree(stale, ignore_errors=True)
    building = pathlib.Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{slot}.building-"))
    try:
        images, skipped = [], []
        with (
            open(building / "hr.bin", "wb") as hr_file,
            open(building / "lr.bin", "wb") as lr_file,
            contextlib.closing(produce()) as results,
            tqdm(
                results,
                "preparing photographs",
                total,
                unit="photo",
                disable=not progress,
                dynamic_ncols=True,
            ) as bar,
        ):
            for name, hr, lr in bar:
                if lr is None:
                    skipped.append((name, hr))
                    continue
                hr, lr = np.ascontiguousarray(hr), np.ascontiguousarray(lr)
                hr_file.write(hr.data)
                lr_file.write(lr.data)
                images.append(
                    {
                        "name": name,
                        "lr_shape": lr.shape[:2],
                        "lr_crc": zlib.crc32(lr),
                        "hr_crc": zlib.crc32(hr),
                    }
                )
            for file in (hr_file, lr_file):
                file.flush()
                os.fsync(file.fileno())
        index = {"scale": scale, "images": images, "skipped": skipped}
        with open(building / "index.json", "w", encoding="utf-8") as file:
            json.dump(index, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.rename(building, folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _report(cache, strict):
    if strict and cache.skipped or not len(cache):
        named = "; ".join(reason for _, reason in cache.skipped[:5])
        more = f"; and {len(cache.skipped) - 5} more" if len(cache.skipped) > 5 else ""
        count = f"{len(cache.skipped)} of {len(cache.skipped) + len(cache)}"
        raise UserError(f"{count} photographs cannot be used: {named}{more}")
    for _, reason in cache.skipped:
        print(f"warning: skipped {reason}", file=sys.stderr)


def _pair(path, scale, smallest):
    try:
        hr = read_image(path)
    except UserError as error:
        return str(path), str(error), None
    height, width = (length - length % scale for length in hr.shape[:2])
    if min(hr.shape[:2]) < smallest:
        reason = f"{path}: {hr.shape[1]}x{hr.shape[0]} pixels, less than {smallest}x{smallest}"
        return str(path), reason, None
    hr = hr[:height, :width]
    # channel by channel: a third of the memory, the same pixels
    lr = np.stack([imresize(hr[..., c], scale=1 / scale) for c in range(3)], axis=-1)
    return str(path), hr, lr


def _map_in_threads(function, items, workers):
    """`map` in threads, in order, with few results waiting.

    Threads rather than processes, because forking is unsafe once TensorFlow or JAX runs, and
    Pillow and NumPy release the interpreter lock where the time goes.
    """
    workers = workers or min(4, os.cpu_count() or 1)
    pending = collections.deque()
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) > workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def _open_bytes(path, ends, factor):
    expected = factor * int(ends[-1]) if len(ends) else 0
    if path.stat().st_size != expected:
        raise ValueError(f"{path} is not {expected} bytes")
    # a plain array on the same memory: slicing a memmap costs several times as much
    return np.asarray(np.memmap(path, np.uint8, "r")) if expected else np.empty(0, np.uint8)


def _digest(value):
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
