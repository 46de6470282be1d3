"""The gradients of a step's players, computed part after part of the batch."""

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras
import tensorflow as tf

from tfvae import global_batch
from tfvae.training.players import Player

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


def regularisation(model: keras.Model, players: Sequence[Player]) -> dict[str, tf.Tensor | float]:
    """Returns each player's Keras regularisers, by its loss: counted once over all replicas.

    A regulariser of a variable belongs to the player that moves the variable; the losses that a
    layer adds as it is called, to the first player that moves a variable of the layer, else to the
    first of all.
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    losses: list[list[tf.Tensor]] = [[] for _ in players]
    moved = [{id(variable) for variable in player.variables} for player in players]
    for layer in model._flatten_layers():
        own = layer._get_own_losses()
        if own:
            ids = {id(variable) for variable in layer.trainable_variables}
            owner = next((number for number, mine in enumerate(moved) if ids & mine), 0)
            losses[owner] += own
    for number, player in enumerate(players):
        losses[number] += [v.regularizer(v) for v in player.variables if v.regularizer is not None]
    return {
        player.loss: tf.add_n([tf.cast(x, tf.float32) for x in own]) / replicas if own else 0.0
        for player, own in zip(players, losses, strict=True)
    }
