"""What a video file contains, by ffprobe; its answer is checked."""

import functools
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
from fractions import Fraction
from typing import NamedTuple

from keras_secn.utils.errors import UserError

SUFFIXES = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi"}
# the demuxers of these suffixes alone: a playlist would make ffmpeg open what it names
DEMUXERS = "mov,matroska,webm,avi"
LONGEST = 16384  # pixels a side, of both encoders
FASTEST = 1000  # frames a second; what is beyond is a clock, not a rate
UNKNOWN = {None, "", "unknown", "unspecified", "reserved", "N/A"}
HDR = {"smpte2084": "PQ", "arib-std-b67": "HLG"}
# matrices that ffmpeg's scaler converts, by its own names for them
MATRICES = {
    "bt709": "bt709",
    "smpte170m": "smpte170m",
    "bt470bg": "bt470",
    "fcc": "fcc",
    "smpte240m": "smpte240m",
    "bt2020nc": "bt2020",
}
# codecs that keep every bit of what they are given
LOSSLESS = {"ffv1", "huffyuv", "ffvhuff", "utvideo", "magicyuv", "lagarith", "png", "apng"}
LOSSLESS |= {"rawvideo", "v210", "v410", "r210", "qtrle", "flashsv", "zmbv", "tscc", "rle", "bmp"}
LOSSLESS |= {"gif", "tiff", "cllc", "fraps", "msrle", "qdraw", "targa", "jpegls", "dirac"}
INTERLACED = {"tt", "bb", "tb", "bt"}


class Color(NamedTuple):
    """How a video's numbers are meant, in ffmpeg's words."""

    matrix: str  # between YCbCr and RGB: what the file says, else what players assume
    range: str  # "tv" or "pc"
    primaries: str | None  # `None` if the file does not say
    transfer: str | None
    rgb: bool = False  # there is no matrix in the file


class Clip(NamedTuple):
    """What a video is like."""

    size: tuple  # (height, width), upright
    count: int  # about how many frames
    rate: Fraction  # frames a second on average
    rates: tuple  # what the rate may be if it is constant, the likeliest first
    index: int  # of the stream in the file
    tick: Fraction  # unit of its times in seconds
    delay: float  # seconds that it starts after the file does
    aspect: Fraction | None  # width of a pixel in heights; `None` if the file does not say
    color: Color
    others: tuple  # ffprobe's descriptions of the streams beside it
    container: str  # ffprobe's name of the format
    chapters: int  # how many
    tags: dict  # the stream's title and language
    codec: str  # ffmpeg's name of it
    bits: float | None  # of the file for each pixel of each frame; `None` where nothing is lost
    notes: tuple  # what is lost whatever the result's format


def is_video(path):
    """Whether a file is taken for a video, by its suffix."""
    return pathlib.Path(path).suffix.lower() in SUFFIXES


def opening(path):
    """ffmpeg's arguments that open a stranger's file, and no other one that it names."""
    allowed = ["-protocol_whitelist", "file,pipe", "-format_whitelist", DEMUXERS]
    return [*allowed, "-i", address(path)]


def address(path):
    """A file as ffmpeg takes it whatever its name is: a colon, a leading dash, `concat:`."""
    return f"file:{os.path.abspath(path)}"


def probe(path):
    """The `Clip` of a file."""
    for tool in ("ffmpeg", "ffprobe"):
        if shutil.which(tool) is None:
            raise UserError(f"{path}: video needs {tool} (apt-get install ffmpeg)")
    if not os.path.isfile(path):
        # a named pipe would wait for ever
        raise UserError(f"{path}: not a file")
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_format"]
    done = subprocess.run([*command, "-show_chapters", *opening(path)], capture_output=True)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        reason = said.splitlines()[-1].split(": ")[-1] if said else "ffprobe cannot read it"
        if "whitelist" in said:
            reason = "none of the formats that are taken (MP4, QuickTime, Matroska, WebM, AVI)"
        raise UserError(f"{path}: {reason}")
    return read_answer(path, done.stdout)


def read_answer(path, answer):
    """The `Clip` of a file (its path is for messages) that ffprobe's JSON describes."""
    try:
        parsed = json.loads(answer)
        streams = [stream for stream in parsed["streams"] if isinstance(stream, dict)]
        films = [stream for stream in streams if stream.get("codec_type") == "video"]
        stream = next((film for film in films if not is_cover(film)), None)
        if stream is None:
            raise UserError("no video in it")
        others = tuple(other for other in streams if other is not stream)
        return _clip(stream, parsed["format"], others, len(parsed.get("chapters", [])))
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
        raise UserError(f"{path}: ffprobe's answer cannot be read") from None


def is_cover(stream):
    """Whether a stream of ffprobe's answer is the file's cover picture."""
    return bool((stream.get("disposition") or {}).get("attached_pic"))


def _clip(stream, container, others, chapters):
    size = _whole(stream.get("height")), _whole(stream.get("width"))
    if None in size:
        raise UserError("a video without a size")
    if min(size) < 1 or max(size) > LONGEST:
        raise UserError(f"a size of {size[1]}x{size[0]}; 1 to {LONGEST} pixels a side can be made")
    aspect = _ratio(stream.get("sample_aspect_ratio"), 100)
    if _turned(stream):
        size, aspect = size[::-1], aspect and 1 / aspect
    rates = [_ratio(stream.get(f"{name}_frame_rate"), FASTEST) for name in ("r", "avg")]
    seconds = _seconds(stream.get("duration")) or _seconds(container.get("duration"))
    frames = _whole(stream.get("nb_frames"))
    frames = frames if frames and frames > 0 else None
    if frames == 1:
        rates.reverse()
    average = rates[1] or rates[0]
    if average is None and frames and seconds:
        average = _ratio(Fraction(frames / seconds).limit_denominator(1001), FASTEST)
    if average is None:
        raise UserError("a video without a frame rate")
    count = frames or max(1, round((seconds or 0) * average))
    color, notes = _color(stream, size)
    first, start = (_seconds(part.get("start_time"), True) or 0 for part in (stream, container))
    tags = stream.get("tags") or {}
    return Clip(
        size=size,
        count=count,
        rate=average,
        rates=tuple(dict.fromkeys(rate for rate in [*rates, average] if rate)),
        index=max(0, int(stream["index"])),
        tick=_ratio(stream.get("time_base"), 10**10) or Fraction(1, 90000),
        delay=first - start if first - start > 1e-3 else 0.0,
        aspect=aspect,
        color=color,
        others=others,
        container=str(container.get("format_name")),
        chapters=chapters,
        tags={key: str(tags[key]) for key in ("title", "language") if key in tags},
        codec=str(stream.get("codec_name")),
        bits=_bits(stream, container, size[0] * size[1] * average),
        notes=tuple(notes),
    )


def _bits(stream, container, pixels):
    """Bits for each of so many pixels a second."""
    # lossless H.264 has a profile of its own, for which the pixels need not be 4:4:4
    exact = "4:4:4" in str(stream.get("profile")) and "444" not in str(stream.get("pix_fmt"))
    if stream.get("codec_name") in LOSSLESS or (stream.get("codec_name") == "h264" and exact):
        return None
    rate = _seconds(stream.get("bit_rate")) or _seconds(container.get("bit_rate")) or 0
    return rate / float(pixels)


def _turned(stream):
    """Whether a player turns the video by a quarter."""
    quarters = 0
    for side in stream.get("side_data_list", []):
        if "rotation" in side:
            turn = _seconds(side["rotation"], True)
            if turn is None or abs(turn - 90 * round(turn / 90)) > 1:
                raise UserError(f"turned by {side['rotation']} degrees, which is no quarter turn")
            quarters += round(turn / 90)
    return quarters % 2 == 1


def _color(stream, size):
    """A `Color`, and notes on what 8 bits without alpha lose."""
    name = stream.get("pix_fmt")
    bits, alpha, rgb = _pixel_formats().get(name, (8, False, False))
    alpha = alpha or (stream.get("tags") or {}).get("alpha_mode") == "1"
    tagged = {
        key: None if stream.get(f"color_{key}") in UNKNOWN else str(stream[f"color_{key}"])
        for key in ("space", "range", "primaries", "transfer")
    }
    if tagged["transfer"] in HDR:
        raise UserError(
            f"HDR video ({HDR[tagged['transfer']]}) would lose its range in 8 bits; make SDR of it"
            " first (ffmpeg's zscale and tonemap filters)"
        )
    for side in stream.get("side_data_list", []):
        # 2: what lies below Dolby Vision is SDR
        dolby = "DOVI" in str(side.get("side_data_type"))
        if dolby and side.get("dv_bl_signal_compatibility_id") != 2:
            raise UserError("HDR video (Dolby Vision) would lose its range in 8 bits")
    matrix = None if rgb or tagged["space"] == "gbr" else tagged["space"]
    if matrix is not None and matrix not in MATRICES:
        raise UserError(f"the color matrix {matrix} cannot be converted to RGB")
    if matrix is None and rgb:
        matrix = "bt709"
    elif matrix is None:
        # as players take it: what is large for high definition
        matrix = "bt709" if max(size) >= 1280 or min(size) >= 720 else "smpte170m"
        if tagged["primaries"] is None and tagged["transfer"] is None:
            european = matrix != "bt709" and size[0] in (288, 576)
            tagged["primaries"] = "bt470bg" if european else matrix
            tagged["transfer"] = matrix
    full = rgb or str(name).startswith(("yuvj", "gray"))
    notes = [f"depth beyond 8 bits (of {bits})"] if bits > 8 else []
    notes += ["alpha"] if alpha else []
    notes += ["closed captions"] if stream.get("closed_captions") else []
    if stream.get("field_order") in INTERLACED:
        notes.append("the order of fields: interlaced frames are enlarged as if they were whole")
    color = Color(
        matrix=matrix,
        range=tagged["range"] if tagged["range"] in ("tv", "pc") else "pc" if full else "tv",
        primaries=tagged["primaries"],
        transfer=tagged["transfer"],
        rgb=rgb,
    )
    return color, notes


@functools.lru_cache(maxsize=1)
def _pixel_formats():
    """Bits, alpha and RGB by ffmpeg's names of pixel formats."""
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_pixel_formats"]
    done = subprocess.run(command, capture_output=True, check=True)
    return {
        known["name"]: (
            max((part["bit_depth"] for part in known.get("components", [])), default=8),
            bool(known["flags"]["alpha"]) and not known["flags"]["palette"],
            bool(known["flags"]["rgb"] or known["flags"]["palette"]),
        )
        for known in json.loads(done.stdout)["pixel_formats"]
    }


def _whole(value):
    if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,18}", str(value)):
        return None
    return int(value)


def _seconds(value, signed=False):
    """A finite number, or `None`; zero and less are none unless `signed`."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and (signed or number > 0) else None


def _ratio(value, largest):
    """A `Fraction` of "25/1", "16:11" or a number; `None` if it is nothing between 0 and that."""
    try:
        ratio = Fraction(str(value).replace(":", "/"))
    except (ValueError, ZeroDivisionError):
        return None
    return ratio if 0 < ratio <= largest else None
