"""The gradients of the players of a step, computed for one part of the batch after another."""

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
        x: the rows, [b, ...].
        seeds: int64 [b, 2].
        first_row: global number of the first row, a scalar.
        share: rows of this part, over all replicas, divided by those of the global batch, a scalar.
    """

    x: tf.Tensor
    seeds: tf.Tensor
    first_row: tf.Tensor
    share: tf.Tensor | float


def parts(x: tf.Tensor, seeds: tf.Tensor, rows: global_batch.Rows, number: int) -> list[Part]:
    """Splits this replica's rows [b, ...] into `number` parts of about equal size."""
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
    """Returns the sum of the gradients of the parts, computed one after another.

    A part starts after the one before is finished, so the activations of only one part are in
    memory at a time.
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
    """Returns this replica's share of the mean over the global batch; the optimizer sums them."""
    total = global_batch.rows(per_example).total
    # A part may be empty on every replica.
    return tf.reduce_sum(per_example) / tf.cast(tf.maximum(total, 1), tf.float32)


def regularisation(model: keras.Model, players: Sequence[Player]) -> dict[str, tf.Tensor | float]:
    """Returns the Keras regularisation losses by the name of a player's loss, once over replicas.

    The regulariser of a variable belongs to the player that trains the variable. Losses that a
    layer adds when it is called belong to the first player that trains a variable of the layer, or
    to the first player if none does.
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
