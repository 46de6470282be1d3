"""The KL divergence of posteriors from a prior."""

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae.estimators.split_gradient import split_gradient


def closed_kl_divergence(q, p) -> tf.Tensor | None:
    """Returns KL(q || p), [B], in closed form, or None if TFP has none; see `kl_divergence`."""
    try:
        return tfd.kl_divergence(q, p)
    except NotImplementedError:  # TFP's error for a pair without a closed form
        return None


def kl_divergence(q, p, z: tf.Tensor) -> tf.Tensor:
    """Returns KL(q || p), [B]: in closed form if TFP has one, else the mean over samples.

    Args:
        q: posteriors, batch [B].
        p: a prior, batch [].
        z: samples of q, [k, B, d].
    """
    closed = closed_kl_divergence(q, p)
    return tf.reduce_mean(q.log_prob(z) - p.log_prob(z), axis=0) if closed is None else closed


def path_kl_divergence(q, p, z: tf.Tensor) -> tf.Tensor:
    """Returns KL(q || p) over samples, [B]; log q has a gradient through the samples only.

    Sticking the landing, Roeder et al. 2017 (arXiv:1703.09194): the omitted part of the gradient is
    zero in expectation, and the rest is zero for every sample if q is p. The arguments are those
    of `kl_divergence`.
    """

    def log_ratio(z):
        log_q, log_p = q.log_prob(z), p.log_prob(z)
        return log_q - log_p, log_q, log_p

    (value, log_q, log_p), path = split_gradient(log_ratio, z)
    return tf.reduce_mean(tf.stop_gradient(log_q) - log_p + path(tf.ones_like(value)), axis=0)
