"""Averaged weights, which Keras optimizers keep if created with `use_ema`.

The model has the training weights during `fit`, and the averaged ones in evaluations and otherwise.
Keras itself overwrites the weights with the averages at the end of `fit`; a second `fit` or a
resumed run would then differ from an uninterrupted one.
"""

import contextlib
from collections.abc import Iterator

import keras

from tfvae.training.players import inner


def _pairs(model) -> list[tuple[keras.Variable, keras.Variable]]:
    """Returns the weights and their averages, of all players."""
    found: list[tuple[keras.Variable, keras.Variable]] = []
    for player in model.players():
        optimizer = inner(player.optimizer)
        if optimizer.use_ema:
            # The attributes that Keras's SwapEMAWeights uses; that callback swaps with rounding.
            averages = optimizer._model_variables_moving_average
            found += zip(optimizer._trainable_variables, averages, strict=True)
    return found


def use(model, averaged: bool) -> None:
    """Switches a compiled model to its averaged weights, or to its training weights."""
    pairs = _pairs(model)
    # There are no averages before the first step.
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
    """Switches a model to its training weights, and back to the averages afterwards."""
    use(model, averaged=False)
    # Keras would overwrite the training weights here.
    model.optimizer.finalize_variable_values = lambda variables: None
    try:
        yield
    finally:
        del model.optimizer.finalize_variable_values
        use(model, averaged=True)
