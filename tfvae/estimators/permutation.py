"""Samples of the product of the marginals of q(z), from samples of q(z)."""

import tensorflow as tf

from tfvae import global_batch, noise


def permuted_dimensions(z: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
    """Returns z with every dimension permuted independently over the global batch, [b, d].

    Kim & Mnih 2018 (arXiv:1802.05983), algorithm 1. The permutation sorts uniform noise keyed by
    row, so that replicas agree on it and each returns its own rows of the result.

    Args:
        z: this replica's rows, [b, d].
        seeds: int64 [b, 2].
    """
    keys = noise.uniform(seeds, z.shape[-1])[0]
    order = tf.argsort(tf.transpose(global_batch.gather(keys)), axis=1, stable=True)  # [d, B]
    columns = tf.transpose(global_batch.gather(z))
    permuted = tf.transpose(tf.gather(columns, order, axis=1, batch_dims=1))  # [B, d]
    rows = global_batch.rows(z)
    return permuted[rows.first : rows.first + rows.local]
