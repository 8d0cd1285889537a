"""CT-SRCNN's cascade (Ren et al., WACV 2018): deeper stage by stage, then narrower."""

import dataclasses

import keras
import numpy as np

from keras_secn.utils.errors import UserError


@dataclasses.dataclass(frozen=True)
class WidthPlan:
    """The channels of every feature map at each stage of the two cascades.

    Args:
        width: channels of every feature map while the network grows.
        start: convolutions of the first network.
        depth: convolutions of the deepest.
        per_stage: how many are inserted at each stage, before the last convolution.
        trimmed: channels of every feature map in the end; `width` to trim none.
        trim_per_stage: how many feature maps are trimmed at each stage, from the back.

    Raises:
        UserError: a count is out of range.
    """

    width: int = 64
    start: int = 3
    depth: int = 13
    per_stage: int = 2
    trimmed: int = 32
    trim_per_stage: int = 4

    def __post_init__(self):
        if not 2 <= self.start <= self.depth:
            raise UserError(f"a network of {self.start} convolutions cannot grow to {self.depth}")
        if min(self.per_stage, self.trim_per_stage) < 1:
            raise UserError("each stage changes at least one convolution")
        if not 1 <= self.trimmed <= self.width:
            raise UserError(f"cannot trim {self.width} channels to {self.trimmed}")

    @property
    def stages(self):
        """The tuple `widths` of `build_ct_srcnn` at each stage, in order."""
        stages = [(self.width,) * (depth - 1) for depth in self._depths]
        maps = self.depth - 1
        if self.trimmed < self.width:
            for count in [*range(self.trim_per_stage, maps, self.trim_per_stage), maps]:
                stages.append((self.width,) * (maps - count) + (self.trimmed,) * count)
        return stages

    @property
    def deepest(self):
        """The index in `stages` of the deepest network that is not yet trimmed."""
        return len(self._depths) - 1

    @property
    def _depths(self):
        return [*range(self.start, self.depth, self.per_stage), self.depth]


def transfer_widths(source, target):
    """Copies a network's weights into one that is deeper or narrower; both are CT-SRCNNs.

    Where the target's layers are narrower, they keep the channels with the largest weights, by the
    product of the squared norms in this layer and the next. An inserted convolution starts as the
    identity, so that the target computes the same picture; in the paper it starts at random.
    """
    kept = np.arange(1)  # input channels; luminance has one
    names = [layer.name for layer in source.layers if isinstance(layer, keras.layers.Conv2D)]
    for layer in target.layers:
        if not isinstance(layer, keras.layers.Conv2D):
            continue
        if layer.name in names:
            kernel, bias = source.get_layer(layer.name).get_weights()
            channels = np.arange(len(bias))
            if layer.name != names[-1]:
                reader = source.get_layer(names[names.index(layer.name) + 1]).get_weights()[0]
                channels = _most_important(kernel, reader, layer.filters)
            layer.set_weights([kernel[:, :, kept][..., channels], bias[channels]])
            kept = channels
        else:
            kernel, bias = layer.get_weights()
            kernel = np.zeros_like(kernel)
            kernel[kernel.shape[0] // 2, kernel.shape[1] // 2] = np.eye(*kernel.shape[2:])
            layer.set_weights([kernel, np.zeros_like(bias)])
            kept = np.arange(layer.filters)


def _most_important(kernel, reader, count):
    made = np.square(kernel).sum(axis=(0, 1, 2))
    read = np.square(reader).sum(axis=(0, 1, 3))
    return np.sort(np.argsort(made * read, kind="stable")[len(made) - count :])
