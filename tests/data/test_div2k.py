"""DIV2K, with tensorflow-datasets' own mock in place of the download."""

import sys

import numpy as np
import pytest
from pictures import noise

from keras_secn.data.patches import PatchDataset, open_photographs
from keras_secn.utils.errors import UserError


def test_div2k_keeps_the_delivered_pairs(tmp_path, capsys):
    tfds = pytest.importorskip("tensorflow_datasets")
    import tensorflow as tf

    sizes = [(30, 40), (33, 41), (10, 12)]
    pairs = []
    for seed, (height, width) in enumerate(sizes):
        low = -(-height // 2), -(-width // 2)  # DIV2K's LR is rounded up
        pairs.append({"hr": noise((height, width), seed), "lr": noise(low, seed + 10)})

    def as_dataset(self, *args, **kwargs):
        data = tf.data.Dataset.from_generator(
            lambda: iter(pairs),
            output_signature={k: tf.TensorSpec((None, None, 3), tf.uint8) for k in ("hr", "lr")},
        )
        return data.apply(tf.data.experimental.assert_cardinality(len(pairs)))

    options = {"scale": 2, "min_hr": 16, "progress": False}
    with tfds.testing.mock_data(as_dataset_fn=as_dataset):
        for _ in range(2):
            cache = open_photographs([], "div2k", tmp_path / "cache", **options)
            assert cache.names == ["train/0001", "train/0002"]
            assert "train/0003: 12x10 pixels" in capsys.readouterr().err
        with pytest.raises(UserError, match="train/0003"):
            open_photographs([], "div2k", tmp_path / "cache", strict=True, **options)
    for i, (height, width) in enumerate(sizes[:2]):
        height, width = height // 2, width // 2
        np.testing.assert_array_equal(cache.lr(i), pairs[i]["lr"][:height, :width])
        np.testing.assert_array_equal(cache.hr(i), pairs[i]["hr"][: 2 * height, : 2 * width])
    assert PatchDataset(cache, 4, 16)[0][1].shape == (4, 16, 16, 3)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_div2k_of_tfds_own_mock(tmp_path, scale):
    tfds = pytest.importorskip("tensorflow_datasets")
    with tfds.testing.mock_data(num_examples=3):
        cache = open_photographs([], "div2k", tmp_path / "cache", scale=scale, progress=False)
    assert len(cache) == 3 and cache.scale == scale
    assert cache.hr(0).shape[0] == scale * cache.lr(0).shape[0]


def test_div2k_errors(tmp_path, monkeypatch, photos):
    with pytest.raises(UserError, match="scales 2, 3 and 4"):
        open_photographs([], "div2k", tmp_path, scale=5)
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(UserError, match=r"pip install 'keras-secn\[tfds\]'"):
        open_photographs([], "div2k", tmp_path)
    for folders, dataset in (([], None), ([photos], "div2k")):
        with pytest.raises(UserError, match="either"):
            open_photographs(folders, dataset, tmp_path)
