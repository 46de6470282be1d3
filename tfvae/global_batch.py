"""The global batch, seen from one replica: terms that couple rows must see all replicas' rows."""

from typing import NamedTuple

import tensorflow as tf


class Rows(NamedTuple):
    """The position of this replica's rows in the global batch; scalars, int64.

    Attributes:
        first: global number of this replica's first row.
        local: rows on this replica.
        total: rows on all replicas.
    """

    first: tf.Tensor
    local: tf.Tensor
    total: tf.Tensor


def _replicas() -> int:
    return tf.distribute.get_strategy().num_replicas_in_sync


def rows(local_batch) -> Rows:
    """Returns the position of the rows of `local_batch` [b, ...]; b may differ between replicas.

    Args:
        local_batch: a tensor, or a dictionary of tensors, with one row per example.
    """
    local = tf.shape(tf.nest.flatten(local_batch)[0], tf.int64)[0]
    if _replicas() == 1:
        return Rows(tf.constant(0, tf.int64), local, local)
    context = tf.distribute.get_replica_context()
    replica = tf.cast(context.replica_id_in_sync_group, tf.int64)
    mine = tf.one_hot(replica, _replicas()) * tf.cast(local, tf.float32)
    sizes = tf.cast(context.all_reduce(tf.distribute.ReduceOp.SUM, mine), tf.int64)
    first = tf.cumsum(sizes, exclusive=True)[replica]
    return Rows(first, local, tf.reduce_sum(sizes))


def gather(local_rows: tf.Tensor) -> tf.Tensor:
    """Returns the rows of all replicas [B, ...], in global order, with exact gradients."""
    if _replicas() == 1:
        return local_rows
    gathered = tf.distribute.get_replica_context().all_gather(local_rows, axis=0)
    return tf.ensure_shape(gathered, [None, *local_rows.shape[1:]])
