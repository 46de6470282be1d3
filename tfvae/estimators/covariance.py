"""Covariance over the global batch."""

import tensorflow as tf

from tfvae import global_batch


def batch_covariance(values: tf.Tensor) -> tf.Tensor:
    """Returns the covariance over all replicas' rows, divided by their number: [b, d] to [d, d]."""
    values = global_batch.gather(values)
    centred = values - tf.reduce_mean(values, axis=0)
    return tf.matmul(centred, centred, transpose_a=True) / tf.cast(tf.shape(values)[0], tf.float32)
