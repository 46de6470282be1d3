"""The gradients of a step's players, computed part after part of the batch."""

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf

from tfvae import global_batch

Gradients = list[list[tf.Tensor | None]]  # of each player, of each of its variables


class Part(NamedTuple):
    """A part of this replica's rows.

    Attributes:
        x: its rows, [b, ...].
        seeds: int64 [b, 2].
        first_row: global number of the first of them, a scalar.
        share: this part's rows among all of the global batch, over all replicas, a scalar.
    """

    x: tf.Tensor
    seeds: tf.Tensor
    first_row: tf.Tensor
    share: tf.Tensor | float


def parts(x: tf.Tensor, seeds: tf.Tensor, rows: global_batch.Rows, number: int) -> list[Part]:
    """Splits this replica's rows [b, ...] into `number` parts, as even as they can be."""
    if number == 1:
        return [Part(x, seeds, rows.first, 1.0)]
    bounds = [index * rows.local // number for index in range(number + 1)]
    split = []
    for start, stop in itertools.pairwise(bounds):
        some = tf.nest.map_structure(lambda rows, a=start, b=stop: rows[a:b], x)
        share = global_batch.rows(some).total / rows.total
        first = rows.first + start
        split.append(Part(some, seeds[start:stop], first, tf.cast(share, tf.float32)))
    return split


def accumulated(compute: Callable[[Part], Gradients], batch: Sequence[Part]) -> Gradients:
    """Returns the sum of the gradients of the parts, of one at a time.

    Nothing of a part is computed before the part before it is done, so that the memory of one
    part's activations is all that is taken.
    """
    first, *others = batch
    total = compute(first)
    for part in others:
        done = [gradient for player in total for gradient in player if gradient is not None]
        with tf.control_dependencies(done):
            more = compute(part)
            total = [
                [old if new is None else old + new for old, new in zip(*both, strict=True)]
                for both in zip(total, more, strict=True)
            ]
    return total


def mean_loss(per_example: tf.Tensor) -> tf.Tensor:
    """Mean over the global batch; the optimizer sums what the replicas contribute."""
    total = global_batch.rows(per_example).total
    # A part may be empty on every replica.
    return tf.reduce_sum(per_example) / tf.cast(tf.maximum(total, 1), tf.float32)


def regularisation(losses: Sequence[tf.Tensor]) -> tf.Tensor:
    """The networks' own regularisers, the same on every replica, counted once."""
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    return tf.add_n([tf.cast(loss, tf.float32) for loss in losses]) / replicas if losses else 0.0
