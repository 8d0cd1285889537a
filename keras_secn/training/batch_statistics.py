"""Batch normalisation for averaged weights, whose features nobody normalised in training.

The moving mean and variance follow the weights that train; the moving average of these weights
makes other features. So the statistics are taken anew with the averaged weights, as stochastic
weight averaging does (Izmailov et al., UAI 2018, section 3.2).
"""

import keras

from keras_secn.data.patches import PatchDataset

BATCHES = 32


def restate(model, cache, recipe):
    """Sets the model's batch norms to the mean and variance over patches of the training.

    A function of weights, photographs and recipe alone, so that a resumed run does the same.

    Args:
        model: a Keras network; left as it is if it normalises no batches.
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
