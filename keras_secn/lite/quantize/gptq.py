"""GPTQ: rounds the weights of a kernel one by one, and compensates each error in the others.

Rounding to nearest is not optimal: photographs are smooth, so that the errors of a kernel's weights
add up to a wrong gain. Each error is compensated in the weights not yet rounded, as far as
their inputs are correlated (Frantar et al., ICLR 2023, section 3; after Hassibi and Stork,
"Optimal brain surgeon", 1993).
"""

import keras
import numpy as np

LEVELS = 127
POSITIONS = 1000  # of each picture
DAMPING = 1e-3  # of the mean square of the inputs: keeps entries that see nothing from running away


def round_kernels(model, reference, pictures):
    """Rounds the kernels of convolutions outside of blocks to int8, in place.

    Layer by layer: the kernel is fitted by least squares to the outputs of `reference`, the network
    before rounding, given the inputs that the rounded layers before it produce; then its weights
    are rounded, and the bias compensates the mean of the error. Scales are the converter's: per
    output channel, the largest magnitude at 127. The converter rounds convolutions inside blocks.
    """
    for layer in model.layers:
        if not _is_plain(layer):
            continue
        kernel, *bias = layer.get_weights()
        flat = kernel.reshape(-1, kernel.shape[-1]).astype(np.float64)
        seen = _inputs((reference, model), layer, pictures)
        means, moment, product = _moments(seen, flat)
        change = product - moment @ flat
        moment += DAMPING * np.trace(moment) / len(moment) * np.eye(len(moment))
        grid = rounded(flat + np.linalg.solve(moment, change), moment)
        if bias:
            bias = [bias[0] + means[0] @ flat - means[1] @ grid]
        layer.set_weights([grid.reshape(kernel.shape), *bias])


def _moments(seen, flat):
    """Sums over pairs of (N, D), the old and the new inputs of a kernel, `flat` (D, O).

    Returns the means of both; the covariance of the new ones (D, D); that of the new inputs with
    the old outputs (D, O); the latter two times the number of positions.
    """
    entries, outputs = flat.shape
    count, sums = 0, np.zeros((2, entries))
    moment, product = np.zeros((entries, entries)), np.zeros((entries, outputs))
    for pair in seen:
        # of features far from zero, single precision would lose the covariance
        old, new = (values.astype(np.float64) for values in pair)
        count += len(new)
        sums += [old.sum(axis=0), new.sum(axis=0)]
        moment += new.T @ new
        product += new.T @ (old @ flat)
    means = sums / count
    moment -= count * np.outer(means[1], means[1])
    return means, moment, product - count * np.outer(means[1], means[0] @ flat)


def rounded(weights, moment):
    """A matrix (D, O) in int8, with a scale per column, such that its products change little.

    `moment` (D, D) is the sum of x x^T over the inputs x that it is multiplied with. Each column
    becomes whole multiples of its largest magnitude / 127, which stays.
    """
    step = np.abs(weights).max(axis=0) / LEVELS
    step = np.where(step > 0, step, 1.0)
    left = weights.astype(np.float64) / step
    order = np.argsort(-np.diag(moment), kind="stable")
    factor = np.linalg.cholesky(np.linalg.inv(moment[np.ix_(order, order)])).T
    left, largest = left[order], np.abs(left[order]) >= LEVELS - 1e-4
    result = np.empty_like(left)
    for row in range(len(left)):
        # the largest magnitude stays, since the converter takes the scale from it
        ends = np.where(largest[row], np.sign(left[row]) * LEVELS, np.round(left[row]))
        result[row] = np.clip(ends, -LEVELS, LEVELS)
        error = (left[row] - result[row]) / factor[row, row]
        left[row + 1 :] -= np.outer(factor[row, row + 1 :], error)
    back = np.empty_like(result)
    back[order] = result
    return (back * step).astype(np.float32)


def _is_plain(layer):
    """A convolution of whole pixels that stands once in the network."""
    return (
        type(layer) is keras.layers.Conv2D
        and layer.strides == (1, 1)
        and layer.dilation_rate == (1, 1)
        and layer.groups == 1
        and layer.padding == "same"
        and len(layer._inbound_nodes) == 1
    )


def _inputs(networks, layer, pictures):
    """What a layer's kernel sees of each picture in each network, at the same positions."""
    seen = [keras.Model(n.input, n.get_layer(layer.name).input) for n in networks]
    for index, picture in enumerate(pictures):
        tensors = [network.predict_on_batch(picture[None].astype(np.float32)) for network in seen]
        yield [_windows(np.asarray(t)[0], layer.kernel_size, index) for t in tensors]


def _windows(tensor, size, seed):
    """What a kernel of `size` sees at random positions: (N, size[0] * size[1] * C)."""
    rng = np.random.default_rng((0, seed))
    around = [((length - 1) // 2, length // 2) for length in size]
    padded = np.pad(tensor, [*around, (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis=(0, 1))
    rows, columns = (rng.integers(0, length, POSITIONS) for length in tensor.shape[:2])
    return windows[rows, columns].transpose(0, 2, 3, 1).reshape(POSITIONS, -1)
