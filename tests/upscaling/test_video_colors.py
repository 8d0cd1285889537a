"""Colors of videos: kept, named truly, and HDR refused."""

import numpy as np
import pytest
import videos
from enlarged_videos import enlarged, refused
from videos import ffmpeg, make, picture_stream

pytestmark = pytest.mark.usefixtures("with_ffmpeg")
# BT.601, BT.709 and BT.2020: weights of red and blue in luma, from the standards
WEIGHTS = {
    "smpte170m": (0.299, 0.114),
    "bt470bg": (0.299, 0.114),
    "bt709": (0.2126, 0.0722),
    "bt2020nc": (0.2627, 0.0593),
    "smpte240m": (0.212, 0.087),
    "fcc": (0.30, 0.11),
}
COLORS = np.array([[200, 30, 40], [30, 180, 60], [40, 50, 210], [190, 180, 30]])


def to_numbers(colors, matrix, full):
    red, blue = WEIGHTS[matrix]
    r, g, b = (colors / 255).T
    luma = red * r + (1 - red - blue) * g + blue * b
    chroma = np.stack([(b - luma) / (2 - 2 * blue), (r - luma) / (2 - 2 * red)])
    if full:
        return np.round([255 * luma, *(255 * chroma + 128)])
    return np.round([219 * luma + 16, *(224 * chroma + 128)])


def patches(path, matrix, full, tags, size=(64, 48)):
    """A video of four fields whose YCbCr is made by the standard's formula."""
    width, height = size
    luma, *chroma = to_numbers(COLORS, matrix, full).astype(np.uint8)
    field = np.arange(4).reshape(2, 2)
    content = luma[field].repeat(height // 2, 0).repeat(width // 2, 1).tobytes()
    for plane in chroma:
        content += plane[field].repeat(height // 4, 0).repeat(width // 4, 1).tobytes()
    raw = f"-f rawvideo -pix_fmt yuv420p -s {width}x{height} -r 25 -i -"
    codec = "-c:v libvpx-vp9 -crf 4 -b:v 0" if path.suffix == ".webm" else "-c:v libx264 -crf 1"
    ffmpeg(raw, tags, codec, path, content=content)
    return path


def assert_true_colors(out, size=(128, 96)):
    """The numbers in a video give the colors by the standard that the video names."""
    made = picture_stream(out)
    full = made["color_range"] == "pc"
    wanted = to_numbers(COLORS, made["color_space"], full)
    for plane, values in zip(videos.planes(out, *size), wanted, strict=True):
        height, width = plane.shape
        middle = plane[height // 4 :: height // 2, width // 4 :: width // 2].ravel()
        assert np.abs(middle - values).max() <= 3


MEANT = [
    ("smpte170m", "smpte170m", "smpte170m", "tv"),
    ("bt709", "bt709", "bt709", "pc"),
    ("bt2020nc", "bt2020", "bt2020-10", "tv"),
    ("bt470bg", "bt470bg", "gamma28", "tv"),
    ("smpte170m", "bt709", "bt709", "pc"),
    ("bt709", "bt709", "iec61966-2-1", "tv"),
    ("smpte240m", "smpte240m", "smpte240m", "tv"),
    ("fcc", "bt470m", "gamma22", "tv"),
]


@pytest.mark.parametrize(
    ("suffix", "meant"),
    [
        *((".mp4", meant) for meant in MEANT),
        *((".webm", meant) for meant in MEANT[:5]),
        *((suffix, meant) for suffix in (".mov", ".mkv", ".avi") for meant in MEANT[:2]),
    ],
)
def test_colors_are_kept_and_named_truly(tmp_path, suffix, meant):
    matrix, primaries, transfer, level = meant
    tags = f"-colorspace {matrix} -color_primaries {primaries} -color_trc {transfer}"
    clip = tmp_path / f"clip{suffix}"
    patches(clip, matrix, level == "pc", f"{tags} -color_range {level}")
    out, notes = enlarged(clip)
    before, after = picture_stream(clip), picture_stream(out)
    for key in ("range", "primaries", "transfer"):
        assert after.get(f"color_{key}") == before.get(f"color_{key}"), key
    if matrix not in ("fcc", "bt470bg"):
        assert after["color_space"] == before["color_space"]
    assert notes == ""
    if before.get("color_space") == matrix:
        assert_true_colors(out)


@pytest.mark.parametrize(
    ("suffix", "size", "matrix", "primaries"),
    [
        *((suffix, (64, 48), "smpte170m", "smpte170m") for suffix in (".mp4", ".mkv", ".avi")),
        (".mp4", (64, 288), "smpte170m", "bt470bg"),
        (".mp4", (1280, 16), "bt709", "bt709"),
    ],
)
def test_untagged_colors_are_what_players_take_them_for(tmp_path, suffix, size, matrix, primaries):
    out, _ = enlarged(patches(tmp_path / f"clip{suffix}", matrix, False, "", size))
    made = picture_stream(out)
    assert (made["color_space"], made["color_primaries"]) == (matrix, primaries)
    assert_true_colors(out, (2 * size[0], 2 * size[1]))


@pytest.mark.parametrize("pixels", ["gbrp", "yuvj420p", "yuv444p", "yuv422p10le", "gray", "rgb24"])
def test_colors_of_other_pixels(tmp_path, pixels):
    """All kinds of pixels show what ffmpeg shows of them."""
    codec = "-c:v libx264rgb" if pixels == "rgb24" else "-c:v ffv1"
    codec = "-c:v mjpeg -q:v 2" if pixels == "yuvj420p" else codec
    clip = make(tmp_path / "clip.mkv", codec, pixels=pixels)
    out, notes = enlarged(clip)
    assert ("8 bits" in notes) == ("10" in pixels)
    frames = []
    for path in (clip, out):
        raw = ffmpeg("-i", path, "-vf format=rgb24,scale=8:6:flags=area -f rawvideo -")
        frames.append(np.frombuffer(raw, np.uint8).astype(int))
    assert np.abs(frames[0] - frames[1]).mean() < 4


@pytest.mark.parametrize(
    ("suffix", "transfer", "name"),
    [
        (".mp4", "smpte2084", "PQ"),
        (".mov", "arib-std-b67", "HLG"),
        (".mkv", "smpte2084", "PQ"),
        (".mkv", "arib-std-b67", "HLG"),
    ],
)
def test_hdr_is_refused(tmp_path, suffix, transfer, name):
    tags = f"-colorspace bt2020nc -color_primaries bt2020 -color_trc {transfer}"
    clip = make(tmp_path / f"clip{suffix}", tags, pixels="yuv420p10le")
    line = refused(clip)
    assert "HDR" in line and name in line
