"""One step of training or evaluation on one replica's part of the global batch."""

import functools
from collections.abc import Callable

import tensorflow as tf

from tfvae import global_batch, noise
from tfvae.training import checks, first_batch, gradients
from tfvae.training.players import Player, apply_gradients


def train(model, x, phase: int, shown: Callable | None) -> None:
    """Takes one training step.

    Args:
        model: a compiled `TrainableModel`.
        x: this replica's rows, [b, ...].
        phase: number of the step, modulo the players' period.
        shown: makes examples of raw rows and their seeds; None if `x` are examples.
    """
    x = first_batch.examples(x) if shown is None else x
    rows = global_batch.rows(x)
    seeds = noise.training_rows(model.seed, model.step, rows.first, rows.local)
    if shown is not None:
        x = shown(x, noise.fold_in(seeds, "data"))
    everyone = model.players()
    moving = [player for player in everyone if player.moves_at(phase)]
    batch = gradients.parts(x, seeds, rows, model.accumulation)
    checked: list[tf.Operation] = []
    of_players = gradients.accumulated(
        functools.partial(_gradients, model, moving, checked=checked), batch
    )
    with tf.control_dependencies(checked):
        apply_gradients(moving, of_players)
        for player in everyone:
            if not player.moves_at(phase):
                player.optimizer.iterations.assign_add(1)


def _gradients(
    model, moving: list[Player], part: gradients.Part, checked: list[tf.Operation]
) -> gradients.Gradients:
    """The gradients of one part; the check of its terms is added to `checked`."""
    batch = model.training_batch(part.x, part.seeds, part.first_row)
    everyone = model.players()
    if len(everyone) > 1:
        batch["moving"] = frozenset(player.loss for player in moving)
    with tf.GradientTape(persistent=len(moving) > 1, watch_accessed_variables=False) as tape:
        tape.watch([variable.value for player in moving for variable in player.variables])
        terms = model.objective(**batch, training=True)
        regularisers = gradients.regularisation(model, everyone)
        losses = [
            gradients.mean_loss(terms[player.loss]) + regularisers[player.loss] for player in moving
        ]
        scaled = [
            player.optimizer.scale_loss(part.share * loss)
            for player, loss in zip(moving, losses, strict=True)
        ]
    checked.append(checks.assert_finite(terms, model.step))
    _update_means(model, terms, some=len(moving) < len(everyone))
    return [
        tape.gradient(loss, [variable.value for variable in player.variables])
        for player, loss in zip(moving, scaled, strict=True)
    ]


def evaluate(model, x, number: tf.Tensor) -> None:
    """Adds one evaluation batch to the means; its `number` determines its noise."""
    x = first_batch.examples(x)
    rows = global_batch.rows(x)
    seeds = noise.training_rows(model.seed, number, rows.first, rows.local)
    terms = model.objective(x, noise.fold_in(seeds, "evaluation"), training=False)
    _update_means(model, terms)


def _update_means(model, terms: dict[str, tf.Tensor], some: bool = False) -> None:
    """Adds terms to their means; if `some`, terms may be missing."""
    expected = tuple(name for name in model.term_names if name in terms or not some)
    if tuple(terms) != expected:
        raise ValueError(
            f"{type(model).__name__}.objective returned {tuple(terms)}; its term_names are "
            f"{model.term_names}"
        )
    for mean in model.metrics:
        if mean.name in terms:
            mean.update_state(terms[mean.name])
