"""Log-mean-exp of importance weights."""

import tensorflow as tf


def log_mean_exp(log_weights: tf.Tensor, axis: int = 0) -> tf.Tensor:
    """Returns log((1/k) sum_i exp(log w_i)) over `axis` of size k, in float32 or better.

    Burda et al. 2016 (arXiv:1509.00519), equation 8: the importance-weighted bound.
    """
    num_samples = tf.cast(tf.shape(log_weights)[axis], log_weights.dtype)
    return tf.reduce_logsumexp(log_weights, axis=axis) - tf.math.log(num_samples)


def normalised_weights(log_weights: tf.Tensor, axis: int = 0) -> tf.Tensor:
    """Returns w_i / sum_j w_j over `axis`, in the shape of `log_weights`, without a gradient.

    Burda et al. 2016 (arXiv:1509.00519), equation 14: the share of each sample in the bound's
    gradient.
    """
    return tf.stop_gradient(tf.nn.softmax(log_weights, axis=axis))


def accumulate_log_sum_exp(log_sum: tf.Tensor, log_weights: tf.Tensor) -> tf.Tensor:
    """Returns log(exp(log_sum) + sum_i exp(log w_i)): [B] and [k, B] to [B]; start at -inf."""
    chunk = tf.reduce_logsumexp(log_weights, axis=0)
    high, low = tf.maximum(log_sum, chunk), tf.minimum(log_sum, chunk)
    return high + tf.where(tf.math.is_inf(low), 0.0, tf.math.log1p(tf.exp(low - high)))
