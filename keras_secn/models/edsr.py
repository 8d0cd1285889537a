"""EDSR (Lim et al., CVPRW 2017)."""

import keras

from keras_secn.models.edsr_trunk import build_network


def build_edsr(
    scale: int = 2,
    blocks: int = 16,
    filters: int = 64,
    residual_scaling: float = 1.0,
    name: str = "edsr",
) -> keras.Model:
    """EDSR: residual blocks without batch norm (Lim et al., CVPRW 2017, section 3).

    The defaults are EDSR-baseline, 1,369,859 parameters. The large one (B32F256, 40.7 M) is
    `build_edsr(blocks=32, filters=256, residual_scaling=0.1)`.

    Args and returns: see `keras_secn.models.edsr_trunk.build_network`.
    """
    return build_network(["residual"] * blocks, scale, filters, residual_scaling, name)
