"""The maximum mean discrepancy between two sets of samples."""

from collections.abc import Callable

import tensorflow as tf

from tfvae import global_batch

Kernel = Callable[[tf.Tensor, int], tf.Tensor]
# Scales of the inverse multiquadratic kernels, as multiples of 2 d, the mean squared distance
# between two samples of a standard normal.
SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def gaussian(squared_distance: tf.Tensor, size: int) -> tf.Tensor:
    """Returns exp(-|x - y|^2 / d); `size` is d. As Zhao et al. 2017 (arXiv:1706.02262) use it."""
    return tf.exp(-squared_distance / size)


def inverse_multiquadratic(squared_distance: tf.Tensor, size: int) -> tf.Tensor:
    """Returns sum_s C_s / (C_s + |x - y|^2), C_s = 2 d s; `size` is d.

    Tolstikhin et al. 2018 (arXiv:1711.01558), section 4; its tails reach further.
    """
    constants = [2.0 * size * scale for scale in SCALES]
    return tf.add_n([constant / (constant + squared_distance) for constant in constants])


KERNELS: dict[str, Kernel] = {
    "gaussian": gaussian,
    "inverse_multiquadratic": inverse_multiquadratic,
}


def require_kernel(name: str) -> None:
    """Raises ValueError if there is no kernel with this name."""
    if name not in KERNELS:
        raise ValueError(f"kernel is {name!r}; it must be one of {tuple(KERNELS)}")


def maximum_mean_discrepancy(x: tf.Tensor, y: tf.Tensor, kernel: str = "gaussian") -> tf.Tensor:
    """Returns the unbiased estimate of MMD^2 between samples x [n, d] and y [m, d], a scalar.

    Gretton et al. 2012 (JMLR 13), equation 3. Its mean is 0 if the distributions are equal, so it
    may be negative. The samples of all replicas are used.

    Args:
        x: this replica's samples of one distribution.
        y: this replica's samples of the other.
        kernel: "gaussian" or "inverse_multiquadratic".
    """

    x, y = global_batch.gather(x), global_batch.gather(y)

    def mean_kernel(a, b, distinct):
        values = KERNELS[kernel](_squared_distances(a, b), x.shape[-1])
        pairs = tf.size(values, tf.int64)
        if distinct:
            values = tf.linalg.set_diag(values, tf.zeros_like(values[:, 0]))
            pairs -= tf.shape(values, tf.int64)[0]
        return tf.reduce_sum(values) / tf.cast(tf.maximum(pairs, 1), tf.float32)

    return mean_kernel(x, x, True) + mean_kernel(y, y, True) - 2.0 * mean_kernel(x, y, False)


def _squared_distances(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.math.squared_difference(a[:, tf.newaxis], b), axis=-1)  # [n, m]
