"""Everything behind the last block as one convolution, so that an integer file rounds it once.

Behind its last block a network of EDSR's family is linear: body, long skip, upsampler, pixel
shuffle, tail. In 8 bits the body's features and their sum with the head's are what costs the
picture most. Neither is needed: one 7x7 convolution of the last block's features and of the pixels
themselves gives the picture, rounded once. Up to two LR pixels from an edge that is not what the
network computes, since its convolutions see zeros beyond the edge; there strips go the network's
own way.
"""

import keras
from keras import ops

from keras_secn.layers.resampling import PixelShuffle
from keras_secn.rewrite.fuse_upsampler import (
    composed,
    convolution,
    fuse_upsampler,
    fused_layers,
    fused_weights,
    is_fusible,
    with_edges,
)
from keras_secn.utils.precision_scope import precision_scope

# LR pixels from an edge: where 7x7 is not exact, and how far these look
EDGE, SEEN = 2, 5
# times the pixels stand beside the features: their large weights, shared among so many, leave
# those of the features, on the same grid, enough levels
COPIES = 4


@precision_scope("float32")  # whatever the policy of the program is
def fuse_body(model):
    """A new network of the same pictures, of at least 5 LR pixels a side, up to float rounding.

    `fuse_upsampler`'s if `model` does not end as `build_network` lets networks end.
    """
    if not _ends_in_a_long_skip(model):
        return fuse_upsampler(model)
    body, _, upsample, shuffle, tail, last = model.layers[-6:]
    head = model.get_layer("head")
    scale, features, skip = shuffle.block_size, body.input, head.output
    weights = fused_weights(upsample.kernel, upsample.bias, tail.kernel, tail.bias, scale)

    def followed(layer):
        """Kernel and bias of a convolution and the fused upsampler behind it."""
        kernel = weights["everywhere"][0]
        passed = ops.sum(ops.tensordot(layer.bias, kernel, axes=[[0], [2]]), axis=(0, 1))
        return composed(layer.kernel, kernel), passed

    (kernel, bias), (of_pixels, beside) = followed(body), followed(head)
    kernel = ops.concatenate([kernel, *[of_pixels / COPIES] * COPIES], axis=2)
    x = keras.layers.Concatenate(name="beside_pixels")([features, *[head.input] * COPIES])
    x = convolution("tail", kernel, bias + beside + weights["everywhere"][1])(x)

    def strips(near, beside, prefix, sides):
        near = convolution(f"{prefix}body", body.kernel, body.bias)(near)
        near = keras.layers.Add(name=f"{prefix}long_skip")([near, beside])
        return fused_layers(near, weights, prefix, sides)

    x = with_edges(x, [features, skip], strips, EDGE, SEEN)
    x = PixelShuffle(scale, name="pixel_shuffle")(x)
    last = type(last).from_config(last.get_config())
    return keras.Model(model.input, last(x), name=model.name)


def _ends_in_a_long_skip(model):
    """Whether body, long skip and a fusible upsampler stand behind the blocks, all in float32."""
    if not is_fusible(model) or len(model.layers) < 7:
        return False
    body, skip, upsample = model.layers[-6:-3]
    if body.name != "body" or not isinstance(skip, keras.layers.Add):
        return False
    head = model.get_layer("head")
    linear = all(
        type(layer) is keras.layers.Conv2D
        and layer.activation is keras.activations.linear
        and layer.kernel_size == (3, 3)
        and layer.compute_dtype == "float32"
        for layer in (head, body)
    )
    inputs = {id(tensor) for tensor in skip.input}
    return linear and inputs == {id(body.output), id(head.output)} and upsample.input is skip.output
