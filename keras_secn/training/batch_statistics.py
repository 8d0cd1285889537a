"""Batch normalization statistics of averaged weights (EMA).

The moving mean and variance belong to the trained weights, not to their average. So they are
computed again with the averaged weights, as in stochastic weight averaging (Izmailov et al., UAI
2018, section 3.2).
"""

import keras

BATCHES = 32


def recompute_statistics(model, cache, recipe):
    """Sets the model's batch norms, if any, to the mean and variance over patches of the training.

    Depends on weights, photographs and recipe only, so that a resumed run gives the same.
    """
    norms = [x for x in model._flatten_layers() if isinstance(x, keras.layers.BatchNormalization)]
    if not norms:
        return
    data = recipe.patches(cache, steps=BATCHES)
    momenta = [layer.momentum for layer in norms]
    for index in range(BATCHES):
        for layer in norms:
            layer.momentum = index / (index + 1)  # the plain mean over all batches so far
        model(data[index][0], training=True)
    for layer, momentum in zip(norms, momenta, strict=True):
        layer.momentum = momentum
