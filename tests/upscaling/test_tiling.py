"""Where tiles and samples of a picture lie."""

import pytest

from keras_secn.upscaling import tiling


@pytest.mark.parametrize("length", [1, 31, 32, 33, 100, 977])
@pytest.mark.parametrize("exactly", [False, True])
def test_cuts_cover_an_axis_once(length, exactly):
    cuts = tiling.cuts(length, tile=32, overlap=5, exactly=exactly)
    kept = [place for cut in cuts for place in range(cut.first, cut.last)]
    assert kept == list(range(length))
    assert len({cut.stop - cut.start for cut in cuts}) == 1
    for cut in cuts:
        assert 0 <= cut.start <= cut.first < cut.last <= cut.stop <= length
        assert cut.stop - cut.start <= 32
        assert cut.start == 0 or cut.first - cut.start >= 5
        assert cut.stop == length or cut.stop - cut.last >= 5
    if exactly and length >= 32:
        assert cuts[0].stop - cuts[0].start == 32


@pytest.mark.parametrize("size", [(513, 512), (2160, 3840), (1, 400_000), (300_000, 2), (70, 9000)])
def test_samples_lie_within_the_image_and_are_few(size):
    places = tiling.sample(*size)
    area = {(rows.stop - rows.start) * (columns.stop - columns.start) for rows, columns in places}
    assert len(area) == 1
    assert 0.3 * tiling.SAMPLED <= area.pop() * len(places) <= 1.1 * tiling.SAMPLED
    for rows, columns in places:
        assert 0 <= rows.start < rows.stop <= size[0]
        assert 0 <= columns.start < columns.stop <= size[1]
