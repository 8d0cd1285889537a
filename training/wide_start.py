"""Collapsible convolutions initialized from a folded network."""

from keras_secn.layers.collapsible_conv import CollapsibleConv2D
from keras_secn.models.edsr_trunk import scale_of
from keras_secn.models.other_scale import start_from_other_scale
from keras_secn.rewrite.fold_collapsible import fold
from keras_secn.utils.errors import UserError


def widen(source, model):
    """Sets a network of collapsible convolutions to compute what `source` does.

    `source` is folded or as it is trained, and may be of another scale. Another network is a
    `UserError`.
    """
    if scale_of(source) != scale_of(model):
        rescaled = fold(model)
        start_from_other_scale(fold(source), rescaled)
        source = rescaled
    shapes = [[tuple(w.shape) for w in m.weights] for m in (fold(source), fold(model))]
    if shapes[0] != shapes[1]:
        raise UserError(f"{source.name} is another network than the one to train")
    for old, new in zip(source.layers, model.layers, strict=False):
        if isinstance(new, CollapsibleConv2D) and not isinstance(old, CollapsibleConv2D):
            new.set_collapsed(*old.get_weights())
        elif new.weights:
            new.set_weights(old.get_weights())
