"""Batch normalization statistics of averaged weights (EMA).

The moving mean and variance belong to the trained weights, not to their average. So they are
computed again with the averaged weights, as in stochastic weight averaging (Izmailov et al., UAI
2018, section 3.2).
"""

import keras

from keras_secn.data.patches import PatchDataset

BATCHES = 32


def restate(model, cache, recipe):
    """Sets the model's batch norms to the mean and variance over patches of the training.

    Depends on weights, photographs and recipe only, so that a resumed run gives the same.

    Args:
        model: a Keras network; unchanged if it has no batch normalization.
        cache: the `PhotoCache` that it was trained on.
        recipe: its `keras_secn.training.Recipe`.
    """
    norms = [x for x in model._flatten_layers() if isinstance(x, keras.layers.BatchNormalization)]
    if not norms:
        return
    data = PatchDataset(
        cache,
        recipe.batch_size,
        recipe.hr_patch,
        recipe.seed,
        steps=BATCHES,
        degradation=recipe.degradation,
    )
    momenta = [layer.momentum for layer in norms]
    for index in range(BATCHES):
        for layer in norms:
            layer.momentum = index / (index + 1)  # the plain mean over all batches so far
        model(data[index][0], training=True)
    for layer, momentum in zip(norms, momenta, strict=True):
        layer.momentum = momentum
