"""A network of mixed precision, as one that computes in float32."""

import keras


def float32_copy(model):
    """A network with the same weights in float32 throughout; itself if it is that already.

    Converters know no bfloat16, and weights are kept in float32 in any case.
    """
    if {layer.dtype_policy.name for layer in model._flatten_layers()} <= {"float32"}:
        return model

    def in_float32(layer):
        return type(layer).from_config({**layer.get_config(), "dtype": "float32"})

    copy = keras.models.clone_model(model, clone_function=in_float32)
    copy.set_weights(model.get_weights())
    return copy
