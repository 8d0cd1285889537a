"""What a video holds beside its frames: sound, subtitles, covers, and notes on what is lost."""

import pytest
import videos
from enlarged_videos import enlarged
from videos import PICTURE, TONE, describe, ffmpeg, make, picture_stream, streams, times

pytestmark = pytest.mark.usefixtures("with_ffmpeg")

SUBTITLES = "1\n00:00:00,000 --> 00:00:00,100\nGrüße\n\n2\n00:00:00,200 --> 00:00:00,300\nzwei\n\n"


TEXTS = [(".mp4", "mov_text"), (".mkv", "srt"), (".mkv", "ass"), (".webm", "webvtt")]


@pytest.mark.parametrize(
    ("suffix", "codec", "target"),
    [
        # .mov is .mp4 but for the tags
        *((*text, target) for text in TEXTS for target in (".mp4", ".mkv", ".webm", ".avi")),
        (*TEXTS[1], ".mov"),
    ],
)
def test_all_tracks_go_along(tmp_path, suffix, codec, target):
    (tmp_path / "text.srt").write_text(SUBTITLES)
    lines = ";FFMETADATA1\ntitle=The title\nartist=Someone\n"
    for number in range(2):
        lines += f"[CHAPTER]\nTIMEBASE=1/100\nSTART={16 * number}\nEND={16 * number + 16}\n"
        lines += f"title=chapter {number}\n"
    (tmp_path / "meta.txt").write_text(lines)
    clip = tmp_path / f"clip{suffix}"
    inputs = ["-i", tmp_path / "text.srt", "-i", tmp_path / "meta.txt"]
    mapped = "-map 0 -map 1 -map 1 -map 2 -map 2 -map_metadata 3 -map_chapters 3"
    languages = "-metadata:s:a:1 language=fra -metadata:s:s:0 language=deu"
    tracks = [f"{mapped} {languages} -c:s {codec} {videos.CODECS[suffix]} -pix_fmt yuv420p", clip]
    ffmpeg(PICTURE, TONE, *inputs, *tracks)
    out, notes = enlarged(clip, target)
    made = describe(out)
    sounds, written = (
        [stream for stream in made["streams"] if stream["codec_type"] == kind]
        for kind in ("audio", "subtitle")
    )
    assert len(sounds) == 2
    before = {sound["codec_name"] for sound in streams(clip, "audio")}
    after = {sound["codec_name"] for sound in sounds}
    assert before == after or f"{before.pop()} sound" in notes
    tags = {key.lower(): value for key, value in made["format"]["tags"].items()}
    assert tags["title"] == "The title"
    if target == ".avi":
        assert notes.count("subtitles") == 1 and "chapters" in notes
        return
    # QuickTime has numbers for some languages alone
    assert target == ".mov" or sounds[1]["tags"]["language"] == "fra"
    assert tags["artist"] == "Someone"
    assert [chapter["tags"]["title"] for chapter in made["chapters"]] == ["chapter 0", "chapter 1"]
    assert len(written) == 2
    assert target == ".mov" or written[0]["tags"]["language"] == "deu"
    text = ffmpeg("-i", out, "-map 0:s:0 -f srt -").decode()
    assert "Grüße" in text and "zwei" in text and "00:00:00,2" in text
    assert "data stream" not in notes


def attachment(folder):
    (folder / "x.ttf").write_bytes(b"no font")
    return ["-attach", folder / "x.ttf", "-metadata:s:t mimetype=font/ttf"]


@pytest.mark.parametrize(
    ("name", "options", "note"),
    [
        ("clip.mkv", lambda _: ["-pix_fmt yuv420p10le"], "8 bits (of 10)"),
        ("clip.webm", lambda _: ["-c:v libvpx-vp9 -pix_fmt yuv420p12le"], "8 bits (of 12)"),
        ("clip.mov", lambda _: ["-c:v qtrle -pix_fmt argb"], "alpha"),
        ("clip.mkv", lambda _: ["-c:v ffv1 -pix_fmt yuva420p"], "alpha"),
        ("clip.webm", lambda _: ["-auto-alt-ref 0 -pix_fmt yuva420p"], "alpha"),
        ("clip.mkv", lambda _: ["-map 0 -map 0"], "second video"),
        ("clip.mov", lambda _: ["-timecode 01:00:00:00"], "data stream"),
        ("clip.mkv", lambda _: ["-c:v mpeg2video -flags +ilme+ildct -top 1"], "interlaced"),
        ("clip.mkv", attachment, "fonts"),
    ],
)
def test_what_is_dropped_is_told(tmp_path, name, options, note):
    extra = options(tmp_path)
    clip = make(tmp_path / name, *extra, pixels=None)
    out, notes = enlarged(clip, ".mp4")
    assert note in notes and str(clip) in notes and "\n" not in notes
    assert len(times(out)) == 8
    if note == "fonts":
        out, notes = enlarged(clip, ".mkv")
        assert notes == "" and len(streams(out, "attachment")) == 1


def test_a_cover_is_told(tmp_path):
    ffmpeg("-f lavfi -i color=red:size=16x16 -frames:v 1", tmp_path / "cover.png")
    inputs = f"-i {tmp_path / 'cover.png'} {PICTURE}"
    cover = "-map 0 -map 1 -c:v:0 png -c:v:1 libx264 -disposition:v:0 attached_pic"
    clip = make(tmp_path / "clip.mp4", cover, inputs=inputs, pixels=None)
    out, notes = enlarged(clip)
    assert "cover picture" in notes
    # the picture is not taken for the video, though it comes first
    assert len(times(out)) == 8 and picture_stream(out)["width"] == 128
