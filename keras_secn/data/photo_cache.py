"""Photographs decoded and downscaled once, then read through memory maps.

A cache is a folder of shards. A shard holds up to a thousand photographs: `KEY.bin`, the uint8 RGB
pixels of each one's HR and LR version after one another, and `KEY.json`, their names, shapes and
checksums. The key says which files, in which state, at which scale; so what a killed or an older
build left is found and used, and of a million photographs only the shard that changed is built
again. It needs neither Keras nor TensorFlow.
"""

import collections
import concurrent.futures
import contextlib
import hashlib
import json
import os
import pathlib
import sys
import zlib

import numpy as np
from tqdm import tqdm

from keras_secn.data.images import find_images, read_image
from keras_secn.data.imresize import imresize
from keras_secn.utils import folder_lock
from keras_secn.utils.atomic_file import atomic_path
from keras_secn.utils.errors import UserError
from keras_secn.utils.printable import printable

FORMAT = 2  # of the cache; part of the key, so that a new one never reads an old one's files
SHARD_PHOTOS = 1024
SHARD_BYTES = 1 << 26  # of the files: about 600 MB of pixels, some minutes of work at most
CUT = 512  # photographs between two cuts that depend on names alone, on average


class PhotoCache:
    """HR photographs and their LR versions, memory-mapped.

    Use `PhotoCache.build` (folders of photographs) or `keras_secn.data.div2k.load_div2k`.

    A photograph's checksums (CRC-32) are looked at when it is first read, so that opening a large
    cache costs nothing and damaged pixels are never trained on.

    Attributes:
        folder: where its shards are.
        identity: differs when the photographs do.
        scale: HR size / LR size.
        names: file names, in order.
        lr_shapes: array (images, 2) of LR heights and widths; HR is `scale` times that.
        skipped: list of (file name, reason) of what could not be used.
    """

    def __init__(self, folder, shards, scale, identity=None):
        self.identity = identity
        self.folder = pathlib.Path(folder)
        self.scale = scale
        images = [image for shard in shards for image in shard.images]
        self.names = [image["name"] for image in images]
        self.skipped = [tuple(item) for shard in shards for item in shard.skipped]
        self.lr_shapes = np.array([i["lr_shape"] for i in images], np.int64).reshape(-1, 2)
        self._checksums = [(image["lr_crc"], image["hr_crc"]) for image in images]
        self._checked = np.zeros((len(images), 2), bool)
        self._shards = shards
        counts = [len(shard.images) for shard in shards]
        self._shard = np.repeat(np.arange(len(shards)), counts).tolist()
        sizes = 3 * self.lr_shapes.prod(axis=1) * (1 + scale**2)
        first = np.cumsum([0, *counts[:-1]])
        starts = np.cumsum(sizes) - sizes
        base = (
            np.repeat(starts[np.minimum(first, max(0, len(starts) - 1))], counts) if images else 0
        )
        self._starts = (starts - base).tolist()

    def __len__(self):
        return len(self.names)

    def lr(self, i):
        """LR pixels of photograph `i`: read-only uint8 (h, w, 3).

        Raises:
            UserError: they are not those that were stored.
        """
        return self._verified(i, 0)

    def hr(self, i):
        """HR pixels of photograph `i`: read-only uint8 (scale*h, scale*w, 3).

        Raises:
            UserError: they are not those that were stored.
        """
        return self._verified(i, 1)

    def _verified(self, i, kind):
        pixels = self._pixels(i, kind)
        if not self._checked[i, kind]:
            if zlib.crc32(pixels) != self._checksums[i][kind]:
                self._shards[self._shard[i]].discard()
                raise UserError(
                    f"{self.folder}: the pixels of {self.names[i]} were damaged on the disk; "
                    "the same command prepares them again"
                )
            self._checked[i, kind] = True
        return pixels

    def _pixels(self, i, kind):
        height, width = self.lr_shapes[i].tolist()
        start, large = self._starts[i], 3 * height * width * self.scale**2
        if kind:
            height, width = self.scale * height, self.scale * width
        else:
            start += large
        data = self._shards[self._shard[i]].pixels
        return data[start : start + 3 * height * width].reshape(height, width, 3)

    def damaged(self):
        """Names of photographs whose pixels are not those that were stored (CRC-32)."""
        return [
            name
            for i, name in enumerate(self.names)
            if tuple(zlib.crc32(self._pixels(i, kind)) for kind in (0, 1)) != self._checksums[i]
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
        `min_hr`; what has changed, or was damaged in the cache itself, is built anew. A build
        that was killed goes on where it was. Files that cannot be used are named on stderr, one
        line each, and skipped.

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
        source = ["photographs", [str(pathlib.Path(f).absolute()) for f in folders], scale, min_hr]
        states = [_state(path) for path in files]

        def produce(start, end):
            smallest = max(min_hr, scale)
            items = list(zip(files[start:end], states[start:end], strict=True))
            return _map_in_threads(lambda item: _pair(*item, scale, smallest), items, workers)

        return cache_pairs(
            cls.default_dir() if cache_dir is None else cache_dir,
            source,
            states,
            scale,
            produce,
            strict=strict,
            progress=progress,
        )

    @staticmethod
    def default_dir():
        """`$XDG_CACHE_HOME/keras-secn`, or `~/.cache/keras-secn`."""
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        return pathlib.Path(base).expanduser() / "keras-secn"


def cache_pairs(cache_dir, source, states, scale, produce, *, strict, progress):
    """Opens the cache of `source` in its present state; builds the shards that are missing.

    Args:
        cache_dir: folder of caches.
        source: JSON-able description of where the photographs come from.
        states: for each photograph (name, bytes on disk, anything JSON-able that changes with it).
        scale: HR size / LR size.
        produce: generator function of (start, end) that yields, for these photographs, (name, HR,
            LR), uint8 RGB, or (name, reason, None) for one that cannot be used.
        strict: fail if any cannot be used.
        progress: show a bar.

    Raises:
        UserError: no photograph can be used, or (`strict`) some cannot.
        OSError: the cache cannot be written.
    """
    slot = f"{_digest(source)[:12]}-x{scale}"
    folder = pathlib.Path(cache_dir) / f"v{FORMAT}-{slot}"
    folder.mkdir(parents=True, exist_ok=True)
    ranges = list(_ranges(states))
    keys = [_digest([FORMAT, source, states[start:end]])[:24] for start, end in ranges]
    shards = [Shard.open(folder, key, scale) for key in keys]
    if None in shards:
        # a second process waits for the first one's shards instead of building them again; a lock
        # that the kernel holds cannot outlive a killed process
        with folder_lock.hold(folder):
            shards = _build(folder, keys, ranges, scale, produce, progress)
            _remove_others(folder, keys)
    else:
        _remove_unfinished(folder)
    cache = PhotoCache(folder, shards, scale, _digest(keys))
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
    shards = [Shard.open(folder, key, scale) for key in keys]
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
                shards[i] = Shard.write(folder, keys[i], scale, results, bar)
    return shards


def _remove_others(folder, keys):
    # older states, and what killed builds left: the lock is ours, so nobody is building; a process
    # that has a shard open keeps it through its memory map
    for path in folder.iterdir():
        if path.name.split(".")[0] not in keys and path.name != ".lock":
            path.unlink(missing_ok=True)


def _remove_unfinished(folder):
    # a build that was killed between its last shard and its tidying left them; hidden names are
    # `atomic_path`'s, and a process that is building holds the lock
    left = [path for path in folder.glob(".*") if path.name != ".lock"]
    if not left:
        return
    # a folder that others may only read is none of our business either
    with contextlib.suppress(OSError), folder_lock.hold(folder, wait=False):
        for path in left:
            path.unlink(missing_ok=True)


class Shard:
    """A thousand photographs in a file.

    Attributes:
        images: a dictionary of name, LR shape and checksums for each, in the file's order.
        skipped: (name, reason) pairs of what could not be used.
        pixels: uint8, all bytes of the file, memory-mapped.
    """

    def __init__(self, folder, key, index):
        self._index_path = folder / f"{key}.json"
        self.images = index["images"]
        self.skipped = index["skipped"]
        size = index["size"]
        # a plain array on the same memory: slicing a memmap costs several times as much
        memory = np.memmap(folder / f"{key}.bin", np.uint8, "r", shape=(size,)) if size else []
        self.pixels = np.asarray(memory, np.uint8)

    def discard(self):
        """Has the next build make it anew."""
        self._index_path.unlink(missing_ok=True)

    @classmethod
    def open(cls, folder, key, scale):
        """The shard of this key, or None if there is none, or a damaged one."""
        try:
            text = (folder / f"{key}.json").read_text(encoding="utf-8")
            checksum, body = text.split("\n", 1)
            if checksum != _digest(body):
                return None
            index = json.loads(body)
            status = (folder / f"{key}.bin").stat()
            if status.st_size != index["size"]:
                return None
            shard = cls(folder, key, index)
        except (OSError, ValueError, KeyError):
            return None
        if status.st_mtime_ns != index["mtime_ns"] and PhotoCache(folder, [shard], scale).damaged():
            return None  # somebody has touched the file, and not only copied it
        return shard

    @classmethod
    def write(cls, folder, key, scale, results, bar):
        """Writes a shard; its index comes last, so that it is whole or not there."""
        images, skipped = [], []
        path = folder / f"{key}.bin"
        with atomic_path(path) as temporary, open(temporary, "wb") as file:
            for name, hr, lr in results:
                bar.update()
                if lr is None:
                    skipped.append((name, hr))
                    continue
                hr, lr = np.ascontiguousarray(hr), np.ascontiguousarray(lr)
                file.write(hr.data)
                file.write(lr.data)
                sums = {"lr_crc": zlib.crc32(lr), "hr_crc": zlib.crc32(hr)}
                images.append({"name": name, "lr_shape": lr.shape[:2], **sums})
        status = path.stat()
        index = {"size": status.st_size, "mtime_ns": status.st_mtime_ns}
        body = json.dumps({**index, "images": images, "skipped": skipped})
        with atomic_path(folder / f"{key}.json") as temporary:
            temporary.write_text(f"{_digest(body)}\n{body}", encoding="utf-8")
        return cls(folder, key, json.loads(body))


def _report(cache, strict):
    if strict and cache.skipped or not len(cache):
        named = "; ".join(reason for _, reason in cache.skipped[:5])
        more = f"; and {len(cache.skipped) - 5} more" if len(cache.skipped) > 5 else ""
        count = f"{len(cache.skipped)} of {len(cache.skipped) + len(cache)}"
        raise UserError(f"{count} photographs cannot be used: {named}{more}")
    for _, reason in cache.skipped:
        print(f"warning: skipped {printable(reason)}", file=sys.stderr)


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


def _digest(value):
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
