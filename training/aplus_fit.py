"""Fits A+ to photographs: dictionary, neighborhoods, ridge regressors (Timofte et al., 2014)."""

import numpy as np
from tqdm import tqdm

from keras_secn.data.color import rgb_to_y
from keras_secn.data.imresize import imresize
from keras_secn.models.aplus import PATCH, REACH, build_aplus
from keras_secn.utils.errors import UserError

# first and second derivatives (Zeyde et al., 2010, whose features A+ takes), each along x and y
DERIVATIVES = ([-1.0, 0.0, 1.0], [0.5, 0.0, -1.0, 0.0, 0.5])


def fit(
    cache,
    scale=2,
    anchors=1024,
    components=30,
    samples=1_000_000,
    neighbors=2048,
    ridge=0.1,
    seed=0,
    progress=False,
):
    """Fits A+ to the photographs of a cache, a `keras_secn.data.PhotoCache`, in minutes.

    Args:
        anchors, components: see `keras_secn.models.build_aplus`.
        samples: number of patches drawn, in proportion to the photographs' sizes.
        neighbors: how many of them, nearest to an anchor, its regressor is fitted on.
        ridge: the regressors' regularization, for features of unit length.
        seed: of the drawn patches and of the dictionary.

    Raises:
        UserError: there are fewer patches that are not flat than neighbors or anchors, or a
            photograph is too small for one.
    """
    if cache.lr_shapes.min() < 5:
        raise UserError("a photograph has less than 5 LR pixels a side: too few for a patch")
    rng = np.random.default_rng(seed)
    derivatives, residuals = _draw(cache, scale, samples, rng, progress)
    basis = principal_components(derivatives, components)
    features = derivatives @ basis
    del derivatives
    # flat patches have no direction and nothing to correct
    length = np.linalg.norm(features, axis=1, keepdims=True)
    keep = length[:, 0] > 1e-3
    features, residuals = (x[keep] / length[keep] for x in (features, residuals))
    if len(features) < max(neighbors, anchors):
        raise UserError(
            f"{len(features)} patches that are not flat are too few for {anchors} anchors and "
            f"{neighbors} neighbors: more photographs, or larger ones"
        )
    atoms = dictionary(features, anchors, int(rng.integers(2**31)))
    regressors = anchored_regressors(atoms, features, residuals, neighbors, ridge, progress)

    model = build_aplus(scale, anchors, components)
    model.get_layer("features").set_weights([_as_convolution(basis, scale)])
    layer = model.get_layer("regression")
    layer.correlation.set_weights([atoms.T[None, None]])
    layer.regressors.assign(regressors.reshape(anchors, -1))
    return model


def _draw(cache, scale, samples, rng, progress):
    """Derivatives of random bicubic patches, and their differences from HR; on a 0..1 scale."""
    sizes = cache.lr_shapes.prod(axis=1)
    derivatives, residuals = [], []
    bar = tqdm(range(len(sizes)), "patches", disable=not progress, unit="photograph")
    for index in bar:
        count = min(int(samples * sizes[index] / sizes.sum()), sizes[index])
        bicubic = imresize(rgb_to_y(cache.lr(index)), scale=scale) / 255.0
        missing = rgb_to_y(cache.hr(index)) / 255.0 - bicubic
        inputs = patches(bicubic, scale, REACH)
        outputs = patches(missing, scale, 0)
        height, width = inputs.shape[:2]
        drawn = np.divmod(rng.choice(height * width, min(count, height * width), False), width)
        derivatives.append(derive(inputs[drawn], scale).astype(np.float32))
        residuals.append(outputs[drawn].reshape(len(drawn[0]), -1).astype(np.float32))
    return np.concatenate(derivatives), np.concatenate(residuals)


def patches(image, scale, reach):
    """A view of (h - 4, w - 4, side, side) patches around the LR pixels but the two outermost.

    `image` is (scale * h, scale * w); side = PATCH * scale + 2 * reach.
    """
    side, first = PATCH * scale + 2 * reach, scale - reach
    rows, columns = (length // scale - 4 for length in image.shape)
    view = np.lib.stride_tricks.sliding_window_view(image, (side, side))
    return view[first::scale, first::scale][:rows, :columns]


def derive(inputs, scale):
    """First and second derivatives of (N, side + 4, side + 4) patches: (N, 4 * side^2)."""
    side, outputs = PATCH * scale, []
    for taps in DERIVATIVES:
        for axis in (1, 2):
            total = 0.0
            for place, tap in enumerate(taps):
                start = [0, REACH, REACH]
                start[axis] += place - len(taps) // 2
                _, y, x = start
                total = total + tap * inputs[:, y : y + side, x : x + side]
            outputs.append(total.reshape(len(inputs), -1))
    return np.concatenate(outputs, axis=1)


def principal_components(vectors, count):
    """(dimensions, count): the first principal directions of the vectors."""
    _, directions = np.linalg.eigh(vectors.T @ vectors)
    return directions[:, : -count - 1 : -1]


def dictionary(features, atoms, seed):
    """(atoms, components): unit vectors that represent directions regardless of sign.

    By scikit-learn's k-means, which equals the paper's K-SVD with one atom per feature. Of the
    features, (N, components) of unit length, 300,000 are used.
    """
    try:
        from sklearn.cluster import MiniBatchKMeans
    except ImportError:
        raise UserError("fitting A+ needs scikit-learn: pip install keras-secn[aplus]") from None

    chosen = features[np.random.default_rng(seed).permutation(len(features))[:300_000]]
    # a direction and its opposite share an anchor
    chosen = chosen * np.where(chosen[:, :1] < 0, -1, 1)
    learner = MiniBatchKMeans(
        atoms, batch_size=8192, max_iter=30, n_init=1, init="random", random_state=seed
    )
    found = learner.fit(chosen).cluster_centers_.astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def anchored_regressors(atoms, features, residuals, neighbors, ridge, progress=False):
    """(anchors, components, outputs): ridge regression in each atom's neighborhood.

    From features (N, components) of unit length to residuals (N, outputs) that were divided by the
    features' lengths; neighbors are the nearest by correlation regardless of sign.
    """
    identity = ridge * np.eye(features.shape[1])
    regressors, columns = [], np.ascontiguousarray(features.T)
    for atom in tqdm(atoms, "regressors", disable=not progress, unit="anchor"):
        correlation = np.abs(atom @ columns)
        near = np.argpartition(correlation, -neighbors)[-neighbors:]
        x, y = features[near].astype(np.float64), residuals[near]
        regressors.append(np.linalg.solve(x.T @ x + identity, x.T @ y))
    return np.array(regressors, np.float32)


def _as_convolution(basis, scale):
    """The kernel that computes a patch's features from its pixels."""
    side = PATCH * scale + 2 * REACH
    pixels = np.eye(side**2).reshape(-1, side, side)
    return (derive(pixels, scale) @ basis).reshape(side, side, 1, -1)
