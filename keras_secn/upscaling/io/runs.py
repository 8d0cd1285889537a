"""How often an animation runs, which each format says in its own way."""

import re
import struct

MOST = 65535  # runs that GIF and WebP can say
ENDLESS = {">I": 2**32 - 1, ">Q": 2**64 - 1}  # durations that mean: for ever
# ISO/IEC 14496-12: durations of film and tracks, and the edit list that a film may repeat
FILM = re.compile(rb"(?:tkhd|mvhd)(?=[\0\1])")
EDITS = re.compile(rb"elst(?=[\0\1])")


def runs(kind, told, content):
    """How often an animation runs; 0 is for ever.

    Args:
        kind: "GIF", "WEBP", "PNG" or "AVIF".
        told: `loop` of Pillow's `info`; `None` if the file does not say.
        content: of the file, by slices.
    """
    if kind == "AVIF":
        return _avif_runs(content)
    if kind == "GIF":  # counts what follows the first run
        return 1 if told is None else told and told + 1
    return told or 0


def options(kind, runs):
    """What Pillow's `save` takes, so that an animation runs so often."""
    if kind == "GIF":
        return {} if runs == 1 else {"loop": runs and min(runs - 1, MOST)}
    return {} if kind == "AVIF" else {"loop": min(runs, MOST)}


def set_avif_runs(content, runs):
    """The AVIF `content`, which Pillow writes to run for ever, so that it runs so often."""
    content = bytearray(content)
    film = _film(content)
    once = 0
    for edits in EDITS.finditer(content, film.start, film.stop):
        once = _number(content, edits.start(), 12)
        content[edits.start() + 7] = runs != 1  # the flag that says: repeat
    for each in FILM.finditer(content, film.start, film.stop) if once else ():
        place, form = _duration(content, each.start())
        struct.pack_into(form, content, place, min(runs * once, ENDLESS[form]))
    return bytes(content)


def _avif_runs(content):
    film = _film(content)
    film = content[film.start : film.stop]
    track, edits = film.find(b"tkhd"), EDITS.search(film)
    if track < 0 or not edits:
        return 0
    if not film[edits.start() + 7] & 1:
        return 1
    once, (place, form) = _number(film, edits.start(), 12), _duration(film, track)
    whole = struct.unpack_from(form, film, place)[0]
    return 0 if whole == ENDLESS[form] or not once else -(-whole // once)


def _film(content):
    """Where the box `moov` lies, as a range; an empty one if there is none."""
    place = 0
    while len(head := content[place : place + 16]) >= 8:
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:], "big")
        if head[4:8] == b"moov":
            return range(place, min(place + length, len(content)))
        if length < 8:
            break
        place += length
    return range(0)


def _duration(content, name):
    """(place, form) of the duration in a `tkhd` or `mvhd` whose name stands at `name`."""
    is_track = content[name : name + 4] == b"tkhd"
    if content[name + 4]:
        return name + (32 if is_track else 28), ">Q"
    return name + (24 if is_track else 20), ">I"


def _number(content, name, place):
    """The number, of the size that a box's version says, at `place` behind its name."""
    return struct.unpack_from(">Q" if content[name + 4] else ">I", content, name + place)[0]
