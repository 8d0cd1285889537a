"""SECN and CT-SECN (Wu et al., 2018)."""

import keras

from keras_secn.models.edsr_trunk import build_network
from keras_secn.utils.errors import UserError


def build_secn(
    scale: int = 2,
    blocks: int = 16,
    filters: int = 64,
    residual_scaling: float = 1.0,
    name: str = "secn",
) -> keras.Model:
    """SECN: EDSR with squeeze-and-excitation in every residual block (Wu et al., 2018, section 3).

    1,379,139 parameters with the defaults. B32F256, the large one of the paper's Table 1, is
    `build_secn(blocks=32, filters=256, residual_scaling=0.1)`.

    Args and returns: see `keras_secn.models.edsr_trunk.build_network`.
    """
    return build_network(["se"] * blocks, scale, filters, residual_scaling, name)


def build_ct_secn(
    n: int = 16,
    scale: int = 2,
    blocks: int = 16,
    filters: int = 64,
    residual_scaling: float = 1.0,
    name: str | None = None,
) -> keras.Model:
    """CT-SECN_n: SECN whose last `n` blocks are depthwise separable (Wu et al., 2018, section 4).

    1,379,139 / 1,122,115 / 865,091 / 608,067 / 351,043 parameters for n = 0 / 4 / 8 / 12 / 16
    (Table 2).

    Args:
        n: how many blocks are separable, counted from the back, 0 to `blocks`.
        scale, blocks, filters, residual_scaling, name: see `build_network`.

    Raises:
        UserError: `n` is not within 0..blocks.
    """
    if not 0 <= n <= blocks:
        raise UserError(f"n must be within 0..{blocks} (the number of blocks), not {n}")
    kinds = ["se"] * (blocks - n) + ["separable"] * n
    return build_network(kinds, scale, filters, residual_scaling, name or f"ct_secn_{n}")
