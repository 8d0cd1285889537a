"""Deep compression: pruning, shared weights, entropy coding by deflate (Han et al., ICLR 2016)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_secn.data.patches import PatchDataset, PhotoCache
from keras_secn.lite.distillation import HR_PATCH, distil
from keras_secn.lite.quantize import equalize
from keras_secn.lite.twin import copy_back, custom_layers, libraries, to_twin
from keras_secn.rewrite.fold_collapsible import fold
from keras_secn.utils.errors import UserError

if TYPE_CHECKING:
    import keras


def compress(
    model: keras.Model,
    cache: PhotoCache,
    sparsity: float = 0.0,
    clusters: int = 0,
    steps: int = 300,
    seed: int = 0,
    progress: bool = False,
) -> keras.Model:
    """Deep compression: prunes a network, clusters its weights, and fine-tunes it.

    Args:
        model: a network of a family that `equalize.can_rewrite` knows; left alone.
        cache: a `keras_secn.data.PhotoCache` of its scale.
        sparsity: share of every kernel that becomes 0, below 1; 0 leaves pruning out.
        clusters: number of values that a kernel may hold, at least 2, zeros of pruning among
            them; 0 leaves sharing out. Depthwise kernels, of 9 weights a channel, keep theirs.
        steps: of each of the two trainings.
        seed: of the patches.
        progress: shows bars.

    Returns:
        A Keras network of the same pictures, its normalization folded.

    Raises:
        UserError: a number is out of range, another kind of network, or libraries are missing.
    """
    if not 0 <= sparsity < 1 or clusters < 0 or clusters == 1:
        raise UserError("sparsity must be at least 0 and below 1, clusters 0 or at least 2")
    tf_keras, tfmot = libraries()
    model = fold(model)
    if not equalize.can_rewrite(model):
        raise UserError(f"{model.name}: deep compression does not know this kind of network")
    model = equalize.fold_normalization(model)
    teacher = student = to_twin(model)
    patches = PatchDataset(cache, hr_patch=HR_PATCH, seed=seed, steps=steps)
    if sparsity:
        schedule = tfmot.sparsity.keras.PolynomialDecay(
            0.0, sparsity, 0, max(1, steps // 2), frequency=max(1, steps // 20)
        )
        student = _wrapped(
            student,
            ("Conv2D", "DepthwiseConv2D"),
            lambda layer: tfmot.sparsity.keras.prune_low_magnitude(layer, schedule),
        )
        update = tfmot.sparsity.keras.UpdatePruningStep()
        distil(student, teacher, patches, "pruning", [update], progress)
        student = tfmot.sparsity.keras.strip_pruning(student)
    if clusters:
        from tensorflow_model_optimization.python.core.clustering.keras.experimental import cluster

        start = tfmot.clustering.keras.CentroidInitialization.KMEANS_PLUS_PLUS
        student = _wrapped(
            student,
            ("Conv2D",),
            lambda layer: cluster.cluster_weights(
                layer, clusters, start, preserve_sparsity=bool(sparsity)
            ),
        )
        distil(student, teacher, patches, "sharing", progress=progress)
        student = tfmot.clustering.keras.strip_clustering(student)
    copy_back(student, model)
    return model


def _wrapped(twin, kinds, wrap):
    """A copy of a twin whose layers of some kinds are wrapped."""
    tf_keras, _ = libraries()

    def change(layer):
        if type(layer).__name__ in kinds:
            return wrap(layer)
        return type(layer).from_config(layer.get_config())

    # wrappers keep the layers they are given, weights and all
    copied = tf_keras.models.clone_model(twin)
    copied.set_weights(twin.get_weights())
    with tf_keras.utils.custom_object_scope(custom_layers()):
        return tf_keras.models.clone_model(copied, clone_function=change)
