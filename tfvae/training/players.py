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


def require_own_accumulation(optimizer: keras.optimizers.Optimizer) -> None:
    """Raises ValueError for an optimizer that would not move at every step that it is given."""
    if optimizer.gradient_accumulation_steps:
        raise ValueError(
            f"{optimizer.name} has gradient_accumulation_steps "
            f"{optimizer.gradient_accumulation_steps}; leave it out and compile with "
            "accumulation, which takes a batch in parts"
        )


def apply_gradients(players: Sequence[Player], gradients: Sequence[Sequence[tf.Tensor]]) -> None:
    """Moves every player's variables against its gradient, one that sums over the replicas."""
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
