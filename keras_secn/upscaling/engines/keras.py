"""A Keras network as an engine: for GPUs, and the reference for LiteRT files."""

from keras_secn.models.edsr_trunk import scale_of
from keras_secn.rewrite.external_gates import PooledNetwork, TileNetwork
from keras_secn.rewrite.fuse_upsampler import fuse_upsampler
from keras_secn.upscaling.engines.receptive_field import receptive_radius
from keras_secn.utils.allocator import give_back_memory, keep_freed_memory


class KerasEngine:
    """What `Upscaler` asks of a network; `lite_engine` has the same for files.

    On Linux the process keeps the memory that one layer freed for the next, since mapping it anew
    takes longer than the network itself, and gives it back after each tile.

    Args:
        model: a Keras super-resolution network.

    Attributes:
        scale: enlargement.
        radius: overlap in LR pixels that makes tiles exact; `None` if the network sees the whole
            image.
        window: (height, width) if it takes tiles of one size only, else `None`.
        eight_bit: whether pictures pass through it in 8 bits.

    Raises:
        UserError: not a super-resolution network, or it pools over local windows.
    """

    window = None
    eight_bit = False

    def __init__(self, model):
        keep_freed_memory(one_arena=True)
        self.scale = scale_of(model)
        self._whole = fuse_upsampler(model)
        self._pool = PooledNetwork(self._whole)
        self._tile = TileNetwork(self._whole)
        self.radius = receptive_radius(model)

    def whole(self, lr):
        """Enlarges a whole image, float32 (H, W, 3) in 0..255, at least 6 LR pixels a side."""
        return _run(self._whole, lr[None])[0]

    def pool(self, patches):
        """The gates of an image from (P, h, w, 3) of it; `None` if the network has none."""
        return _run(self._pool, patches) if self._pool.gated else None

    def tile(self, lr, gates):
        """Enlarges a tile of an image, given the image's gates."""
        inputs = [lr[None], gates] if self._tile.gated else lr[None]
        return _run(self._tile, inputs)[0]


def _run(network, inputs):
    result = network.predict_on_batch(inputs)
    give_back_memory()
    return result
