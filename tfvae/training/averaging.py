"""Averages of the weights, which Keras optimizers keep if created with `use_ema`.

During `fit` the model holds the training weights; otherwise, and in evaluations, the averaged ones.
Keras itself overwrites the weights by the averages at the end of `fit`, after which neither a
second `fit` nor a resumed run would equal an uninterrupted one.
"""

import contextlib
from collections.abc import Iterator

import keras

from tfvae.training.players import inner


def _pairs(model) -> list[tuple[keras.Variable, keras.Variable]]:
    """Weights and their averages, of all players."""
    found: list[tuple[keras.Variable, keras.Variable]] = []
    for player in model.players():
        optimizer = inner(player.optimizer)
        if optimizer.use_ema:
            # Where Keras's own callback, SwapEMAWeights, finds them (rounding as it swaps).
            averages = optimizer._model_variables_moving_average
            found += zip(optimizer._trainable_variables, averages, strict=True)
    return found


def use(model, averaged: bool) -> None:
    """Gives a compiled model the averages of its weights, or the weights of training."""
    pairs = _pairs(model)
    # Before the first step there is nothing to average.
    if not pairs or model.averages_in_use == averaged or (averaged and int(model.step) == 0):
        return
    for weight, average in pairs:  # swapped, exactly
        value = weight.numpy()
        weight.assign(average.numpy())
        average.assign(value)
    model.averages_in_use = averaged


@contextlib.contextmanager
def averaged_weights(model, in_use: bool) -> Iterator[None]:
    """Applies `use` temporarily."""
    before = model.averages_in_use
    use(model, in_use)
    try:
        yield
    finally:
        use(model, before)


@contextlib.contextmanager
def training_weights(model) -> Iterator[None]:
    """Gives a model its training weights, and the averages afterwards."""
    use(model, averaged=False)
    # In place of Keras's overwriting, which would lose the weights.
    model.optimizer.finalize_variable_values = lambda variables: None
    try:
        yield
    finally:
        del model.optimizer.finalize_variable_values
        use(model, averaged=True)
