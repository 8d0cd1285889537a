"""DIV2K from tensorflow-datasets as a `PhotoCache`; the only reader that needs TensorFlow."""

from keras_secn.data.photo_cache import cache_pairs
from keras_secn.utils.errors import UserError

BYTES = 1 << 22  # of a photograph's file, about


def load_div2k(
    cache_dir=None, *, scale=2, min_hr=0, strict=False, progress=True, split="train", data_dir=None
):
    """DIV2K's photographs with the LR versions that came with them, not ours.

    Agustsson and Timofte, CVPRW 2017; `div2k/bicubic_x2`, `_x3`, `_x4` of tensorflow-datasets,
    which downloads them at first use. An odd HR photograph is cropped to `scale` times its LR.

    Args:
        cache_dir, min_hr, strict, progress: see `PhotoCache.build`.
        scale: 2, 3 or 4.
        split: "train" (800 photographs) or "validation" (100).
        data_dir: where tensorflow-datasets keeps its files (~/tensorflow_datasets).

    Returns:
        A `PhotoCache`.

    Raises:
        UserError: tensorflow-datasets is missing, the scale is not DIV2K's, or as
            `PhotoCache.build`.
    """
    if scale not in (2, 3, 4):
        raise UserError(f"DIV2K has scales 2, 3 and 4, not {scale}")
    try:
        import tensorflow_datasets as tfds
    except ImportError:
        raise UserError("DIV2K needs tensorflow-datasets: pip install 'keras-secn[tfds]'") from None
    builder = tfds.builder(f"div2k/bicubic_x{scale}", data_dir=data_dir)
    try:
        builder.download_and_prepare()
        # in file order, so that the cache is reproducible
        examples = builder.as_dataset(split=split, shuffle_files=False)
    except Exception as error:
        # tensorflow-datasets raises whatever its network or file layer met
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"DIV2K cannot be fetched to {builder.data_dir}: {reason:.200}") from error

    names = [f"{split}/{number:04d}" for number in range(1, len(examples) + 1)]

    def produce(start, end):
        part = examples.skip(start).take(end - start).as_numpy_iterator()
        for name, example in zip(names[start:end], part, strict=True):
            yield _pair(name, example, scale, min_hr)

    return cache_pairs(
        cache_dir,
        [builder.info.full_name, str(builder.data_dir), split, min_hr],
        [(name, BYTES) for name in names],
        scale,
        produce,
        strict=strict,
        progress=progress,
    )


def _pair(name, example, scale, min_hr):
    hr, lr = example["hr"], example["lr"]
    height, width = (
        min(high // scale, low) for high, low in zip(hr.shape[:2], lr.shape[:2], strict=True)
    )
    if min(hr.shape[:2]) < max(min_hr, scale):
        reason = f"{name}: {hr.shape[1]}x{hr.shape[0]} pixels, less than {min_hr}x{min_hr}"
        return name, reason, None
    return name, hr[: scale * height, : scale * width], lr[:height, :width]
