"""Photographs decoded and downscaled once, then read through memory maps.

A cache is a folder of shards of up to a thousand photographs: `KEY.bin`, the uint8 RGB pixels of
each one's HR and LR version, and `KEY.json`, their names, shapes and checksums. The key is a hash
of the files' names and states and of the scale, so that only shards that changed are built again.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import math
import os
import pathlib
import zlib
from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from keras_secn.data.images import find_images, read_image
from keras_secn.data.imresize import imresize, modcrop
from keras_secn.data.shard import Shard, digest
from keras_secn.utils import folder_lock
from keras_secn.utils.errors import UserError
from keras_secn.utils.printable import warn

FORMAT = 2  # of the cache; part of the key, so that a new one never reads an old one's files
SHARD_PHOTOS = 1024
SHARD_BYTES = 1 << 26  # of the files: about 600 MB of pixels, some minutes of work at most
CUT = 512  # photographs between two cuts that depend on names alone, on average


class PhotoCache:
    """HR photographs and their LR versions, memory-mapped.

    Made by `PhotoCache.build` (folders of photographs) or `keras_secn.data.div2k.load_div2k`. A
    photograph's checksums (CRC-32) are verified when it is first read.

    Attributes:
        folder: where its shards are.
        identity: differs when the photographs do.
        scale: HR size / LR size.
        names: file names, in order.
        lr_shapes: array (images, 2) of LR heights and widths; HR is `scale` times that.
        skipped: list of (file name, reason) of what could not be used.
    """

    def __init__(self, folder, shards, scale, identity=None):
        self.folder = pathlib.Path(folder)
        self.scale = scale
        self.identity = identity
        images = [image for shard in shards for image in shard.images]
        self.names = [image["name"] for image in images]
        self.lr_shapes = np.array([i["lr_shape"] for i in images], np.int64).reshape(-1, 2)
        self.skipped = [tuple(item) for shard in shards for item in shard.skipped]
        self._places = []  # of each photograph: shard, first byte, checksums of LR and HR
        for shard in shards:
            start = 0
            for image in shard.images:
                self._places.append((shard, start, image["lr_crc"], image["hr_crc"]))
                start += 3 * math.prod(image["lr_shape"]) * (1 + scale**2)
        self._verified = np.zeros((len(images), 2), bool)

    def __len__(self):
        return len(self.names)

    def lr(self, i: int) -> np.ndarray:
        """LR pixels of photograph `i`: read-only uint8 (h, w, 3).

        Damaged pixels are a `UserError`.
        """
        return self._read(i, 0)

    def hr(self, i: int) -> np.ndarray:
        """HR pixels of photograph `i`, likewise (scale * h, scale * w, 3)."""
        return self._read(i, 1)

    def _read(self, i, is_hr):
        shard, start, *checksums = self._places[i]
        height, width = self.lr_shapes[i].tolist()
        if is_hr:
            height, width = self.scale * height, self.scale * width
        else:  # behind HR
            start += 3 * height * width * self.scale**2
        pixels = shard.pixels[start : start + 3 * height * width].reshape(height, width, 3)
        if not self._verified[i, is_hr]:
            if zlib.crc32(pixels) != checksums[is_hr]:
                shard.discard()
                raise UserError(
                    f"{self.folder}: the pixels of {self.names[i]} were damaged on the disk; "
                    "the same command prepares them again"
                )
            self._verified[i, is_hr] = True
        return pixels

    @staticmethod
    def build(
        folders: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        cache_dir: str | os.PathLike[str] | None = None,
        *,
        scale: int = 2,
        min_hr: int = 0,
        strict: bool = False,
        progress: bool = True,
    ) -> PhotoCache:
        """Opens the cache of the photographs below `folders`; builds it if there is none yet.

        A photograph is cropped at its lower right to a multiple of `scale` and downscaled by
        `imresize`. A cache is known by the files' paths, sizes and modification times, `scale` and
        `min_hr`; only what has changed is built again, and a build that was killed continues. Files
        that cannot be used are named on stderr, one line each, and skipped.

        Args:
            folders: a folder (read recursively) or image file, or several.
            cache_dir: where caches are kept; by default `keras-secn` in the user's cache folder.
            scale: an integer of at least 1.
            min_hr: skip photographs with a side below this many pixels.
            strict: fail if any file cannot be used.
            progress: show a progress bar on stderr while building.

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
        source = ["photographs", [str(pathlib.Path(f).absolute()) for f in folders], scale, min_hr]
        states = [_state(path) for path in files]

        def produce(start, end):
            smallest = max(min_hr, scale)
            items = list(zip(files[start:end], states[start:end], strict=True))
            return _map_in_threads(lambda item: _pair(*item, scale, smallest), items)

        options = {"strict": strict, "progress": progress}
        return cache_pairs(cache_dir, source, states, scale, produce, **options)


def cache_pairs(cache_dir, source, states, scale, produce, *, strict, progress):
    """Opens the cache of `source` in its present state; builds the shards that are missing.

    Args:
        cache_dir: folder of caches; `$XDG_CACHE_HOME/keras-secn` or `~/.cache/keras-secn` if None.
        source: JSON-able description of where the photographs come from.
        states: for each photograph (name, bytes on disk, anything JSON-able that changes with it).
        produce: generator function of (start, end) that yields, for these photographs, (name, HR,
            LR), uint8 RGB, or (name, reason, None) for one that cannot be used.
    """
    if cache_dir is None:
        base = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
        cache_dir = base / "keras-secn"
    folder = pathlib.Path(cache_dir) / f"v{FORMAT}-{digest(source)[:12]}-x{scale}"
    folder.mkdir(parents=True, exist_ok=True)
    ranges = list(_ranges(states))
    keys = [digest([FORMAT, source, states[start:end]])[:24] for start, end in ranges]
    shards = [Shard.open(folder, key) for key in keys]
    if None in shards:
        with folder_lock.hold(folder):  # a second process waits, and finds the first one's shards
            shards = _build(folder, keys, ranges, scale, produce, progress)
            _remove_others(folder, keys)
    else:
        # not while another process builds, nor in a folder that is read-only
        with contextlib.suppress(OSError), folder_lock.hold(folder, wait=False):
            _remove_others(folder, keys)
    cache = PhotoCache(folder, shards, scale, digest(keys))
    _report(cache, strict)
    return cache


def _ranges(states):
    """Cuts the photographs into shards: (start, end) of each.

    Most cuts follow from names, so that a photograph more or less moves few of them; from the last
    two parts of a path, so that they do not depend on where the folder lies.
    """
    start = size = 0
    for i, (name, length, *_) in enumerate(states):
        size += length
        named = zlib.crc32("/".join(str(name).split("/")[-2:]).encode()) % CUT == 0
        if named or size >= SHARD_BYTES or i + 1 - start == SHARD_PHOTOS or i + 1 == len(states):
            yield start, i + 1
            start, size = i + 1, 0


def _build(folder, keys, ranges, scale, produce, progress):
    shards = [Shard.open(folder, key) for key in keys]
    missing = [i for i, shard in enumerate(shards) if shard is None]
    with tqdm(
        desc="preparing photographs",
        total=ranges[-1][1],
        initial=ranges[-1][1] - sum(ranges[i][1] - ranges[i][0] for i in missing),
        unit="photo",
        disable=not progress,
        dynamic_ncols=True,
    ) as bar:
        for i in missing:
            # closed here: a generator that is collected in one of its own threads cannot join it
            with contextlib.closing(produce(*ranges[i])) as results:
                shards[i] = Shard.write(folder, keys[i], results, bar)
    return shards


def _remove_others(folder, keys):
    """Removes older states and what killed builds left; who has a shard open keeps its pixels."""
    for path in folder.iterdir():
        if path.name.split(".")[0] not in keys and path.name != ".lock":
            path.unlink(missing_ok=True)


def _report(cache, strict):
    if strict and cache.skipped or not len(cache):
        named = "; ".join(reason for _, reason in cache.skipped[:5])
        more = f"; and {len(cache.skipped) - 5} more" if len(cache.skipped) > 5 else ""
        count = f"{len(cache.skipped)} of {len(cache.skipped) + len(cache)}"
        raise UserError(f"{count} photographs cannot be used: {named}{more}")
    for _, reason in cache.skipped:
        warn(f"skipped {reason}")


def _state(path):
    try:
        status = path.stat()
    except OSError:
        return str(path), 0, None  # removed a moment ago: reading it will say so
    return str(path), status.st_size, status.st_mtime_ns


def _pair(path, state, scale, smallest):
    try:
        hr = read_image(path)
    except UserError as error:
        return str(path), str(error), None
    if _state(path) != state:
        return str(path), f"{path}: changed while it was read", None
    if min(hr.shape[:2]) < smallest:
        reason = f"{path}: {hr.shape[1]}x{hr.shape[0]} pixels, less than {smallest}x{smallest}"
        return str(path), reason, None
    hr = modcrop(hr, scale)
    # channel by channel: a third of the memory, the same pixels
    lr = np.stack([imresize(hr[..., c], scale=1 / scale) for c in range(3)], axis=-1)
    return str(path), hr, lr


def _map_in_threads(function, items):
    """`map` in threads, in order; threads, since forking is unsafe once TensorFlow or JAX runs."""
    workers = os.cpu_count() or 1
    step = 4 * workers  # few results at a time are in memory
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(items), step):
            yield from pool.map(function, items[start : start + step])
