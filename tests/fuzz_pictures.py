"""Damaged pictures through upscaling: each gives a picture or one line, and metadata stops none.

    python tests/fuzz_pictures.py --count 10000 --record

prints a table by format. Half of the files are changed anywhere; of the other half what stands
beside the pixels, and of those each must give a picture. The results go to formats in turn, so that
writing is tried as reading is. `--record` keeps the counts, see `tried.py`.
"""

import argparse
import collections
import pathlib
import random
import struct
import tempfile
import time
import warnings
import zlib

import described_files
import tried
from described_files import FORMATS

TARGETS = ["png", "jpg", "webp", "tif", "gif", "bmp", "avif"]
# what decides how a TIFF's pixels are decoded
STRUCTURE = {
    *range(256, 260),
    262,
    266,
    273,
    277,
    278,
    279,
    284,
    317,
    320,
    *range(322, 326),
    338,
    339,
}
# a mutated file may say of its colors what a format cannot say
ALLOWED = "cannot say the colors"


def described(suffix, content):
    """Places of a file that do not decide about its pixels: a list of (start, stop)."""
    if suffix == "png":
        names = (b"eXIf", b"iTXt", b"tEXt", b"zTXt", b"iCCP", b"pHYs")
        return [(start + 8, stop) for name, start, stop in _chunks(content) if name in names]
    if suffix == "jpg":
        return list(_segments(content))
    if suffix == "webp":
        found = []
        for name in (b"EXIF", b"XMP ", b"ICCP"):
            place = content.index(name)
            length = int.from_bytes(content[place + 4 : place + 8], "little")
            found.append((place + 8, place + 8 + length))
        return found
    if suffix == "gif":
        place = content.index(described_files.COMMENT)
        return [(place, place + len(described_files.COMMENT))]
    if suffix == "bmp":
        return [(38, 46)]
    if suffix == "avif":
        xmp = content.index(b"<x:xmpmeta")
        exif = max(content.rfind(b"II*\0"), content.rfind(b"MM\0*"))
        icc = content.index(described_files.srgb())
        return [(xmp, xmp + 200), (exif, exif + 150), (icc, icc + 500)]
    return list(_tags(content))


def _chunks(content):
    place = 8
    while place < len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        yield content[place + 4 : place + 8], place, place + 8 + length
        place += 12 + length


def _segments(content):
    place = 2
    while content[place + 1] != 0xDA:
        end = place + 2 + int.from_bytes(content[place + 2 : place + 4], "big")
        if content[place + 1] in (0xE1, 0xE2, 0xED, 0xFE):
            yield place + 4, end
        place = end


def _tags(content):
    start = struct.unpack("<I", content[4:8])[0]
    for number in range(struct.unpack("<H", content[start : start + 2])[0]):
        place = start + 2 + 12 * number
        tag, kind, count, value = struct.unpack("<HHII", content[place : place + 12])
        if tag not in STRUCTURE:
            yield place + 2, place + 12
            if count > 8 and kind in (1, 2, 7):
                yield value, value + count


def mutated(content, places, random):
    """A file with some bytes changed within (start, stop) places, of the same length."""
    content = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 4, 16))):
        start, stop = random.choice(places)
        place = random.randrange(start, stop)
        how = random.randrange(4)
        if how == 0:
            content[place] ^= 1 << random.randrange(8)
        elif how == 1:
            content[place] = random.choice((0, 1, 2, 127, 128, 255, random.randrange(256)))
        elif how == 2:
            value = random.choice(
                (0, 1, 2**15, 2**16 - 1, 2**31, 2**32 - 1, random.randrange(2**32))
            )
            data = struct.pack(random.choice("<>") + "I", value)[: stop - place]
            content[place : place + len(data)] = data
        else:
            length = min(random.randrange(1, 20), stop - place)
            content[place : place + length] = random.randbytes(length)
    return content


def checked(suffix, content):
    """A PNG with checksums that are right again, so that chunks are looked into."""
    if suffix == "png":
        content = bytearray(content)
        for _, start, stop in _chunks(bytes(content)):
            if stop + 4 <= len(content):
                content[stop : stop + 4] = struct.pack(">I", zlib.crc32(content[start + 4 : stop]))
    return bytes(content)


def files(count, seed=0):
    """Yields (suffix, whether the pixels are as they were, bytes, suffix of the result)."""
    source = random.Random(seed)
    whole = {suffix: described_files.full(suffix) for suffix in FORMATS}
    for number in range(count):
        suffix = FORMATS[number % len(FORMATS)]
        target = TARGETS[number // len(FORMATS) % len(TARGETS)]
        content = whole[suffix]
        if source.random() < 0.5:
            made = mutated(content, described(suffix, content), source)
            yield suffix, True, checked(suffix, made), target
            continue
        made = bytes(mutated(content, [(0, len(content))], source))
        if source.random() < 0.2:
            made = made[: source.randrange(len(made))]
        yield suffix, False, checked(suffix, made) if source.random() < 0.7 else made, target


def attempt(upscaler, folder, suffix, content, target):
    """What one file gives: "picture", "picture and note", or the text of the error.

    Raises:
        Exception: another one than a program may show in one line.
    """
    from keras_secn.upscaling.upscale_file import upscale_file
    from keras_secn.utils.errors import UserError

    path = folder / f"in.{suffix}"
    path.write_bytes(content)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            upscale_file(upscaler, path, folder / f"out.{target}")
        except (UserError, OSError) as error:
            assert "\n" not in str(error)
            return str(error)
    notes = [one for one in told if one.category is UserWarning]
    assert len(notes) < 2, notes
    return "picture and note" if notes else "picture"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=60, help="stop after so many")
    parser.add_argument("--record", action="store_true", help="keep the counts in tests/tried/")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for files that went wrong")
    arguments = parser.parse_args()

    from keras_secn.upscaling.upscaler import Upscaler

    upscaler = Upscaler("pocket_secn_s", threads=1)
    counts = collections.defaultdict(collections.Counter)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        for number, (suffix, sound, content, target) in enumerate(
            files(arguments.count, arguments.seed)
        ):
            try:
                result = attempt(upscaler, pathlib.Path(name), suffix, content, target)
                wrong = sound and not result.startswith("picture") and ALLOWED not in result
                what = result if result.startswith("picture") else "error line"
                what = "refused for metadata" if wrong else what
            except Exception as error:
                what, result, wrong = "other exception", f"{type(error).__name__}: {error}", True
            counts[suffix, sound][what] += 1
            if wrong:
                print(f"{number}: {suffix} to {target}: {result}")
                if arguments.keep:
                    arguments.keep.mkdir(exist_ok=True)
                    (arguments.keep / f"{number}_{target}.{suffix}").write_bytes(content)
            if time.monotonic() - started > 60 * arguments.minutes:
                break
    columns = ["picture", "picture and note", "error line", "refused for metadata"]
    columns.append("other exception")
    print(f"| format | changed | files | {' | '.join(columns)} |\n|---|---|{'--:|' * 6}")
    for (suffix, sound), found in sorted(counts.items()):
        values = " | ".join(str(found[column]) for column in columns)
        changed = "metadata" if sound else "anything"
        print(f"| {suffix} | {changed} | {sum(found.values())} | {values} |")
    if arguments.record:
        rows = []
        for sound, what in ((True, "metadata changed"), (False, "anything changed")):
            total = collections.Counter()
            for key, found in counts.items():
                total.update(found if key[1] == sound else {})
            endings = {column: total[column] for column in columns}
            rows.append((f"pictures of {len(FORMATS)} formats to {len(TARGETS)}: {what}", endings))
        tried.record("pictures", rows, ["pillow", "imagecodecs", "tifffile"])


if __name__ == "__main__":
    main()
