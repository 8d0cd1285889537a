"""A file as its picture and what it says beside: both are read apart, so that neither harms."""

from __future__ import annotations

import bisect
import dataclasses
import io
import itertools
import os

from keras_secn.upscaling.io.exif import Exif


class Content:
    """The bytes of an open file by slices, read when they are asked for."""

    def __init__(self, file):
        self._file = file
        self._length = os.fstat(file.fileno()).st_size

    def __len__(self):
        return self._length

    def __getitem__(self, part):
        start, stop, _ = part.indices(self._length)
        self._file.seek(start)
        return self._file.read(max(0, stop - start))


@dataclasses.dataclass
class Metadata:
    """What a file says of one picture: as it is stored, and as a format takes it."""

    exif: bytes = b""  # from the byte order on
    tags: Exif = Exif()  # the same
    orientation: int | None = None  # of EXIF, 1 to 8
    xmp: bytes | None = None
    icc: bytes | None = None
    iptc: bytes | None = None  # IPTC-IIM record
    dpi: tuple | None = None  # (x, y)
    comment: bytes | None = None
    text: tuple = ()  # a PNG's texts: pairs of chunk name and content
    cicp: tuple | None = None  # primaries, transfer, matrix and range of the decoded numbers
    # a PNG's "gamma", "chromaticity", "srgb" and "light"
    png: dict = dataclasses.field(default_factory=dict)
    size: tuple | None = None  # (height, width) upright; `None` for the result's own
    converted: bool = False  # the colors are no longer the file's, but sRGB
    source: bytes | None = None  # profile that the pixels are still to be converted from, to sRGB

    @property
    def turned(self):
        """Whether the pixels are turned upright, so that places in them are others."""
        return self.orientation not in (None, 1)

    def in_srgb(self):
        """The same, without what describes other colors."""
        return dataclasses.replace(self, icc=None, cicp=None, png={}, converted=True)


@dataclasses.dataclass
class Parts:
    """What a file consists of."""

    pieces: list  # what the picture is decoded from: bytes, and ranges of the file
    spare: list | None = None  # the same without EXIF, which the decoder may stumble over
    metadata: Metadata = dataclasses.field(default_factory=Metadata)
    problems: list = dataclasses.field(default_factory=list)  # what could not be read
    frames: list = dataclasses.field(default_factory=list)  # (width, height) of a GIF's canvas
    lossy: bool | None = None  # whether a WebP's first picture is stored with loss
    beyond_pillow: bool = False  # a PNG of 16 bits, or of which one color is transparent
    depth: int = 8  # bits of a sample in the file

    def keep(self, start, stop):
        """The picture goes on with these bytes of the file."""
        last = self.pieces[-1] if self.pieces else None
        if isinstance(last, range) and last.stop == start:
            self.pieces[-1] = range(last.start, stop)
        else:
            self.pieces.append(range(start, stop))


class _Joined(io.RawIOBase):
    """A file that consists of bytes and of ranges of another one."""

    def __init__(self, content, pieces):
        self._content = content
        self._pieces = [piece for piece in pieces if len(piece)]
        self._ends = list(itertools.accumulate(map(len, self._pieces)))
        self._place = 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=0):
        length = self._ends[-1] if self._ends else 0
        self._place = max(0, offset + (0, self._place, length)[whence])
        return self._place

    def tell(self):
        return self._place

    def readinto(self, buffer):
        number = bisect.bisect_right(self._ends, self._place)
        if number == len(self._ends):
            return 0
        piece = self._pieces[number]
        inside = self._place - self._ends[number] + len(piece)
        data = piece[inside : inside + len(buffer)]
        if isinstance(data, range):
            data = self._content[data.start : data.stop]
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)


def stream(content, pieces):
    """Bytes and ranges of a `Content` as one file object that can be read and sought in."""
    return io.BufferedReader(_Joined(content, pieces), 65536)
