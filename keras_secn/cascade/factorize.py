"""A 3x3 convolution factorized into depthwise 3x3 + pointwise 1x1, and composed again."""

import numpy as np


def separate_by_svd(kernel, bias):
    """The nearest separable kernel: per input channel, the best rank-1 factors.

    A separable convolution is the kernel `depthwise[i, j, c] * pointwise[c, o]`, of rank 1 for
    each input channel c; by Eckart-Young the first singular pair is the nearest one.

    Args:
        kernel: (3, 3, C, O) kernel of the convolution.
        bias: (O,) its bias.

    Returns:
        depthwise kernel (3, 3, C, 1), depthwise bias (C,), pointwise kernel (1, 1, C, O),
        pointwise bias (O,), in the order and shapes of Keras' weights.
    """
    height, width, channels, filters = kernel.shape
    per_channel = np.transpose(kernel, (2, 0, 1, 3)).reshape(channels, height * width, filters)
    u, s, v = np.linalg.svd(per_channel, full_matrices=False)
    root = np.sqrt(s[:, :1])
    depthwise = (u[:, :, 0] * root).T
    pointwise = v[:, 0, :] * root
    return _as_keras(depthwise, pointwise, bias, height, width)


def compose(depthwise, depthwise_bias, pointwise, bias):
    """The 3x3 convolution that equals depthwise 3x3 + pointwise 1x1.

    Args:
        depthwise, depthwise_bias, pointwise, bias: as `separate_by_svd` returns them.

    Returns:
        kernel (3, 3, C, O) and bias (O,).
    """
    return depthwise * pointwise, bias + depthwise_bias @ pointwise[0, 0]


def separate_by_least_squares(kernel, bias, inputs, rounds=8):
    """The separable convolution whose output on given inputs is nearest to the trained one's.

    Alternating least squares on the covariance of the 3x3 neighborhoods, from the SVD's factors.

    Args:
        kernel, bias: as in `separate_by_svd`.
        inputs: (B, H, W, C) feature maps that the convolution sees.
        rounds: alternations.

    Returns:
        As `separate_by_svd`.
    """
    height, width, channels, filters = kernel.shape
    taps = height * width
    columns = _neighborhoods(inputs, height, width)
    mean = columns.mean(axis=0)
    columns = columns - mean
    # a ridge, since channels that ReLU never opens would make this singular
    covariance = columns.T @ columns / len(columns)
    covariance += 1e-6 * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    full = kernel.reshape(taps * channels, filters).astype(np.float64)
    target = covariance @ full

    depthwise, _, pointwise, _ = separate_by_svd(kernel.astype(np.float64), bias)
    depthwise, pointwise = depthwise[..., 0].reshape(taps, channels), pointwise[0, 0]
    blocks = covariance.reshape(taps, channels, taps, channels)
    for _ in range(rounds):
        # features after the depthwise part: z[c] = sum over taps of depthwise[t, c] * x[t, c]
        gram = np.einsum("tc,tcud,ud->cd", depthwise, blocks, depthwise, optimize=True)
        right = np.einsum("tc,tco->co", depthwise, target.reshape(taps, channels, filters))
        pointwise = np.linalg.solve(gram, right)
        weight = pointwise @ pointwise.T
        normal = (blocks * weight[None, :, None, :]).reshape(taps * channels, taps * channels)
        right = np.einsum("co,tco->tc", pointwise, target.reshape(taps, channels, filters))
        # a channel that no filter reads has a row of zeros
        normal[np.diag_indices_from(normal)] += 1e-9 * np.trace(normal) / len(normal)
        depthwise = np.linalg.solve(normal, right.ravel()).reshape(taps, channels)
        scale = np.sqrt(
            np.linalg.norm(pointwise, axis=1) / np.maximum(np.linalg.norm(depthwise, axis=0), 1e-12)
        )
        depthwise = depthwise * scale
        pointwise = pointwise / np.maximum(scale, 1e-12)[:, None]

    # the bias makes up for the difference at the inputs' mean
    composed = (depthwise[:, :, None] * pointwise[None]).reshape(taps * channels, filters)
    return _as_keras(depthwise, pointwise, bias + mean @ (full - composed), height, width)


def _as_keras(depthwise, pointwise, bias, height, width):
    channels, filters = pointwise.shape
    return [
        depthwise.reshape(height, width, channels, 1).astype(np.float32),
        np.zeros(channels, np.float32),
        pointwise.reshape(1, 1, channels, filters).astype(np.float32),
        np.asarray(bias, np.float32),
    ]


def _neighborhoods(inputs, height, width):
    """Every pixel's `height` x `width` neighborhood as a row, zeros beyond the edge."""
    pads = ((0, 0), (height // 2, height // 2), (width // 2, width // 2), (0, 0))
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(inputs.astype(np.float64), pads), (height, width), axis=(1, 2)
    )
    rows = np.transpose(windows, (0, 1, 2, 4, 5, 3))
    return rows.reshape(-1, height * width * inputs.shape[-1])
