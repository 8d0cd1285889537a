"""What video containers can hold beside the picture."""

from typing import NamedTuple

from keras_secn.upscaling.io.probe import is_cover

# subtitles that are text, so that one kind can be made of another
TEXT = {"subrip", "ass", "ssa", "webvtt", "mov_text", "text"}
PCM = {f"pcm_{kind}" for kind in ("u8", "s16le", "s16be", "s24le", "s24be", "s32le", "s32be")}
BITMAPS = {"dvd_subtitle", "dvb_subtitle", "hdmv_pgs_subtitle"}
# half the work of slower settings for the same size and half a decibel
H264 = ("libx264", "-crf", "15", "-preset", "veryfast")
VP9 = (
    *("libvpx-vp9", "-crf", "20", "-b:v", "0", "-row-mt", "1"),
    *("-deadline", "realtime", "-cpu-used", "6"),
)


class Container(NamedTuple):
    """One kind of file."""

    muxer: str  # ffmpeg's name of it
    audio: set | None  # codecs that are copied; `None` for all
    spare: str | None  # the encoder for other codecs
    subtitles: set  # codecs that are copied
    text: str | None  # the encoder for other subtitles that are text
    video: tuple = H264  # ffmpeg's arguments for the picture
    variable: bool = True  # every frame can have a time of its own
    chapters: bool = True
    fonts: bool = False


_MP4_SOUND = {"aac", "mp3", "mp2", "ac3", "eac3", "alac", "opus", "flac", "dts"}
_MOV_SOUND = {"aac", "mp3", "ac3", "eac3", "alac", *PCM}
_AVI_SOUND = {"aac", "mp3", "mp2", "ac3", "pcm_u8", "pcm_s16le"}
_MP4 = Container("mp4", _MP4_SOUND, "aac", {"mov_text", "dvd_subtitle"}, "mov_text")
CONTAINERS = {
    ".mp4": _MP4,
    ".m4v": _MP4,
    ".mov": Container("mov", _MOV_SOUND, "aac", {"mov_text"}, "mov_text"),
    ".mkv": Container("matroska", None, None, TEXT - {"mov_text"} | BITMAPS, "srt", fonts=True),
    ".webm": Container("webm", {"opus", "vorbis"}, "libopus", {"webvtt"}, "webvtt", VP9),
    ".avi": Container("avi", _AVI_SOUND, "pcm_s16le", set(), None, variable=False, chapters=False),
}


def companions(clip, container):
    """How the streams beside the picture of a `Clip` get into a file.

    ffmpeg's arguments, where the original is its second input, and notes on what is left out or
    changed.
    """
    arguments, notes, counts = [], [], {"a": 0, "s": 0}

    def add(kind, index, codec):
        arguments.extend(["-map", f"1:{index}", f"-c:{kind}:{counts[kind]}", codec])
        counts[kind] += 1

    for stream in clip.others:
        kind, codec, index = (stream.get(key) for key in ("codec_type", "codec_name", "index"))
        # how MP4 and QuickTime hold the chapters, which are copied as such
        is_chapters = clip.chapters and stream.get("codec_tag_string") == "text"
        if kind == "audio":
            copied = container.audio is None or codec in container.audio
            add("a", index, "copy" if copied else container.spare)
            if not copied:
                notes.append(f"{codec} sound (it is {container.spare} now)")
        elif kind == "subtitle":
            if codec in container.subtitles:
                add("s", index, "copy")
            elif codec in TEXT and container.text:
                add("s", index, container.text)
                if codec in ("ass", "ssa"):
                    notes.append("the subtitles' style")
            else:
                notes.append(f"{codec or 'unknown'} subtitles, which {container.muxer} cannot hold")
        elif kind == "attachment" and container.fonts:
            arguments.extend(["-map", f"1:{index}"])
        elif kind == "video":
            notes.append("a cover picture" if is_cover(stream) else "a second video")
        elif not is_chapters:
            notes.append("a stream of fonts or files" if kind == "attachment" else "a data stream")
    if clip.chapters and not container.chapters:
        notes.append(f"chapters, which {container.muxer} cannot hold")
    return arguments, notes
