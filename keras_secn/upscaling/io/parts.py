"""Separates a file's metadata from its picture before a decoder reads it."""

import dataclasses
import io
import os


class Content:
    """A file's bytes by slices, read when they are asked for.

    Args:
        file: open for reading in binary.
    """

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
class Parts:
    """What a file consists of.

    Args:
        kind: the format, in Pillow's words.
        pieces: what the picture is decoded from: bytes, or (start, stop) within the file.
        exif: EXIF as stored, from the byte order on; likewise the others; `None` if absent.
        dpi: (x, y), or `None`.
        text: a PNG's texts, as pairs of chunk name and content.
        cicp: primaries, transfer, matrix and range of the decoded numbers, or `None`.
        png: dictionary of a PNG's "gamma", "chromaticity", "srgb", "light" and "key".
        frames: (width, height) that each frame of a GIF makes its canvas.
        problems: what could not be read.
    """

    kind: str
    pieces: list
    exif: bytes | None = None
    xmp: bytes | None = None
    icc: bytes | None = None
    iptc: bytes | None = None
    dpi: tuple | None = None
    comment: bytes | None = None
    text: list = dataclasses.field(default_factory=list)
    cicp: tuple | None = None
    png: dict = dataclasses.field(default_factory=dict)
    frames: list = dataclasses.field(default_factory=list)
    problems: list = dataclasses.field(default_factory=list)


class Joined(io.RawIOBase):
    """A file that consists of pieces of another one.

    Args:
        content: a `Content`.
        pieces: bytes, or (start, stop) within it.
    """

    def __init__(self, content, pieces):
        self._content = content
        self._pieces = []
        self._length = self._place = 0
        for piece in _joined(pieces):
            length = len(piece) if isinstance(piece, bytes) else piece[1] - piece[0]
            if length > 0:
                self._pieces.append((self._length, length, piece))
                self._length += length
        self._current = 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=0):
        self._place = max(0, offset + (0, self._place, self._length)[whence])
        return self._place

    def tell(self):
        return self._place

    def readinto(self, buffer):
        if self._place >= self._length:
            return 0
        start, length, piece = self._pieces[self._find()]
        inside = self._place - start
        count = min(len(buffer), length - inside)
        if isinstance(piece, bytes):
            data = piece[inside : inside + count]
        else:
            data = self._content[piece[0] + inside : piece[0] + inside + count]
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)

    def _find(self):
        """The number of the piece at the current place; mostly the same or the next one."""
        number = self._current
        if self._place < self._pieces[number][0]:
            number = 0
        while self._place >= sum(self._pieces[number][:2]):
            number += 1
        self._current = number
        return number


def _joined(pieces):
    """Pieces that follow one another in the file as one."""
    last = None
    for piece in pieces:
        if isinstance(last, tuple) and isinstance(piece, tuple) and last[1] == piece[0]:
            last = last[0], piece[1]
            continue
        if last is not None:
            yield last
        last = piece
    if last is not None:
        yield last


def stream(content, pieces):
    """The pieces as a file object that can be read and sought in."""
    return io.BufferedReader(Joined(content, pieces), 65536)
