"""The players of a step: which term each minimises, over which variables, in which steps.

A plain model has one player. An adversarial model has several: their losses come from one forward
pass, and each has a gradient with respect to its own variables only. Players of the same step all
use the weights from before it (simultaneous play, the default); players with a cycle alternate.
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
        variables: the variables it moves, and no other player does.
        cycle: steps after which its moves repeat.
        moves: the steps of a cycle in which it moves, from 0 to cycle - 1; its optimizer counts
            all steps. With a discriminator of cycle 6 and moves (0, 1, 2, 3, 4), a generator of
            cycle 6 and moves (5,) moves once in six steps, after it.
    """

    loss: str
    optimizer: keras.optimizers.Optimizer
    variables: list[keras.Variable]
    cycle: int = 1
    moves: tuple[int, ...] = (0,)

    def moves_at(self, step: int) -> bool:
        """Returns whether it moves at `step`."""
        return step % self.cycle in self.moves


def period(players: Sequence[Player]) -> int:
    """Returns after how many steps the same players move again."""
    return math.lcm(*(player.cycle for player in players))


def require_moves(players: Sequence[Player]) -> None:
    """Raises ValueError for moves outside a player's cycle, or a step in which no player moves."""
    for player in players:
        if not player.moves or not set(player.moves) <= set(range(player.cycle)):
            raise ValueError(
                f"moves of the player of {player.loss!r} is {player.moves}; it must be some of the "
                f"steps 0 to {player.cycle - 1} of its cycle"
            )
    for step in range(period(players)):
        if not any(player.moves_at(step) for player in players):
            raise ValueError(
                f"no player moves at step {step} of {period(players)}; shorten the cycles, or add "
                "the step to the moves of one"
            )


def inner(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Returns the optimizer that moves the variables, under one that scales its loss."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def require_own_accumulation(optimizer: keras.optimizers.Optimizer) -> None:
    """Raises ValueError for an optimizer that would not move at every step that it is given."""
    optimizer = inner(optimizer)
    if optimizer.gradient_accumulation_steps:
        raise ValueError(
            f"{optimizer.name} has gradient_accumulation_steps "
            f"{optimizer.gradient_accumulation_steps}; leave it out and compile with "
            "accumulation, which takes a batch in parts"
        )


def loss_scaled(model: keras.Model, optimizer) -> keras.optimizers.Optimizer:
    """Returns an optimizer, scaling its loss if networks are in float16.

    Keras does so for one optimizer of a model that is in float16 as a whole.
    """
    optimizer = keras.optimizers.get(optimizer)
    in_float16 = any(layer.compute_dtype == "float16" for layer in model._flatten_layers())
    if not in_float16 or isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return optimizer
    return keras.optimizers.LossScaleOptimizer(optimizer)


def apply_gradients(players: Sequence[Player], gradients: Sequence[Sequence[tf.Tensor]]) -> None:
    """Moves every player's variables against its gradient, one that sums over the replicas."""
    for player, gradient in zip(players, gradients, strict=True):
        optimizer = player.optimizer
        if not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            optimizer.apply(_whole(optimizer, gradient), player.variables)
            continue
        # It skips a step if the gradient overflows; data and noise advance, so the step must too.
        step = tf.identity(optimizer.iterations.value)
        optimizer.apply(_whole(optimizer, gradient), player.variables)
        optimizer.iterations.assign(step + 1)


def _whole(optimizer, gradients: Sequence[tf.Tensor]) -> Sequence[tf.Tensor]:
    """What one replica hands to an optimizer that must see the global gradient.

    Keras clips each replica's part before it sums them, and looks for overflows in one of them.
    Summed and clipped here, then divided by the number of replicas, the parts are alike and pass
    Keras's own clipping unchanged.
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    scales = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    clipper = inner(optimizer)
    clips = clipper.clipnorm or clipper.global_clipnorm or clipper.clipvalue
    if replicas == 1 or not (clips or scales):
        return gradients
    context = tf.distribute.get_replica_context()
    total = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
    if clips:
        scale = optimizer.dynamic_scale if scales else 1.0
        clipped = clipper._clip_gradients([gradient / scale for gradient in total])
        # An overflow must stay one: clipping by value would hide it.
        total = (
            [
                tf.where(tf.math.is_finite(gradient), scale * new, gradient)
                for gradient, new in zip(total, clipped, strict=True)
            ]
            if scales
            else clipped
        )
    return [gradient / replicas for gradient in total]
