"""The players of a step: who minimises which term over which variables.

A plain model has one player. An adversarial one has several, whose losses come out of one forward
pass; each takes its gradient over its own variables only, all at the weights the step began with.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import keras
import tensorflow as tf


class Player(NamedTuple):
    """One player.

    Attributes:
        loss: name of the term, among those of `objective`, that it minimises.
        optimizer: its own optimizer.
        variables: the variables it moves, and nobody else does.
        steps_per_update: it moves at steps 0, n, 2 n, ...; its optimizer counts all steps.
    """

    loss: str
    optimizer: keras.optimizers.Optimizer
    variables: list[keras.Variable]
    steps_per_update: int = 1


def period(players: Sequence[Player]) -> int:
    """Returns after how many steps the same players move again."""
    return math.lcm(*(player.steps_per_update for player in players))


def apply_gradients(players: list[Player], losses: list[tf.Tensor], tape: tf.GradientTape) -> None:
    """Moves every player's variables down its loss, a scaled scalar summed over the replicas."""
    gradients = [
        tape.gradient(loss, [variable.value for variable in player.variables])
        for player, loss in zip(players, losses, strict=True)
    ]
    for player, gradient in zip(players, gradients, strict=True):
        player.optimizer.apply(_clipped(player.optimizer, gradient), player.variables)


def _clipped(optimizer, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
    """Clips the global gradient as `optimizer` asks.

    Keras clips each replica's part before it sums them. Clipped here as a whole and divided
    by the number of replicas, the parts pass Keras's own clipping unchanged.
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    if replicas == 1 or not (
        optimizer.clipnorm or optimizer.global_clipnorm or optimizer.clipvalue
    ):
        return gradients
    context = tf.distribute.get_replica_context()
    total = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
    return [gradient / replicas for gradient in optimizer._clip_gradients(total)]
