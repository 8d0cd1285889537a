"""A file of the pixels of up to a thousand photographs, and its index."""

import hashlib
import json
import zlib

import numpy as np

from keras_secn.utils.atomic_file import atomic_path


class Shard:
    """The pixels of up to a thousand photographs, memory-mapped.

    `images` has a dictionary of name, LR shape and checksums for each, in the file's order;
    `skipped` has (name, reason) pairs of what could not be used.
    """

    def __init__(self, folder, key, index):
        self._arguments = folder, key, index
        self._index_path = folder / f"{key}.json"
        self.images = index["images"]
        self.skipped = index["skipped"]
        size = index["size"]
        # a plain array on the same memory: slicing a memmap costs several times as much
        memory = np.memmap(folder / f"{key}.bin", np.uint8, "r", shape=(size,)) if size else []
        self.pixels = np.asarray(memory, np.uint8)

    def __reduce__(self):
        return Shard, self._arguments  # another process maps the file itself

    def discard(self):
        """Lets the next build make it again."""
        self._index_path.unlink(missing_ok=True)

    @classmethod
    def open(cls, folder, key):
        """The shard of this key, or None if there is none, or a damaged one."""
        try:
            checksum, body = (folder / f"{key}.json").read_text(encoding="utf-8").split("\n", 1)
            return cls(folder, key, json.loads(body)) if checksum == digest(body) else None
        except (OSError, ValueError, KeyError):  # also if the pixels' file is too short
            return None

    @classmethod
    def write(cls, folder, key, results, bar):
        """Writes a shard; its index comes last, so that it is whole or not there."""
        images, skipped = [], []
        with atomic_path(folder / f"{key}.bin") as temporary, open(temporary, "wb") as file:
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
            size = file.tell()
        body = json.dumps({"size": size, "images": images, "skipped": skipped})
        with atomic_path(folder / f"{key}.json") as temporary:
            temporary.write_text(f"{digest(body)}\n{body}", encoding="utf-8")
        return cls(folder, key, json.loads(body))


def digest(value):
    """SHA-256 of a value's JSON, as text."""
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
