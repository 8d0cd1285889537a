"""DIV2K through tensorflow-datasets, as a source for `keras_secn.data.open_cache`."""

from .errors import UserError


class Div2k:
    """DIV2K's 800 training photographs with the LR versions that came with them.

    Agustsson and Timofte, CVPRW 2017; `div2k/bicubic_x2`, `_x3`, `_x4` of tensorflow-datasets,
    which fetches them at first use.

    Args:
        scale: 2, 3 or 4.

    Raises:
        UserError: tensorflow-datasets is not installed.
    """

    def __init__(self, scale):
        try:
            import tensorflow_datasets as tfds
        except ImportError:
            raise UserError("--dataset div2k needs: pip install 'keras-secn[tfds]'") from None
        self.name = f"div2k/bicubic_x{scale}"
        self.scale = scale
        self.data, info = tfds.load(self.name, split="train", with_info=True)
        self.length = info.splits["train"].num_examples
        self.key = self.name
        self.fingerprint = [self.name, str(info.version), self.length]

    def __len__(self):
        return self.length

    def __iter__(self):
        """Yields functions that give (name, HR, LR)."""
        for index, example in enumerate(self.data.as_numpy_iterator()):
            yield lambda index=index, example=example: self._pair(index, example)

    def _pair(self, index, example):
        lr = example["lr"]
        # odd photographs: LR is rounded up, so the HR pixels beyond it have no counterpart
        height, width = (
            min(low, high // self.scale)
            for low, high in zip(lr.shape[:2], example["hr"].shape[:2], strict=True)
        )
        hr = example["hr"][: height * self.scale, : width * self.scale]
        return f"{self.name}/{index}", hr, lr[:height, :width]
