"""Input as raw values, which a training step turns into examples on its device."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from tfvae.data import Dataset


class RawInput(NamedTuple):
    """Input of `fit`: raw batches, and the function that makes examples of them.

    Attributes:
        batches: raw values, [batch_size, ...], or [steps, batch_size, ...] if `steps` is given.
        shown: (raw values, seeds [n, 2]) to examples; see `Dataset.shown`.
        steps: steps per element of `batches`, which are one program; None if an element is a step.
    """

    batches: tf.data.Dataset
    shown: Callable[[Any, tf.Tensor], Any]
    steps: int | None = None


def raw_input(
    data: Dataset, batch_size: int, seed: int, start_step: int = 0, steps: int | None = None
) -> RawInput:
    """Returns a data set's batches for `fit`, the same examples as `data.batches` gives."""
    batches = data.raw_batches(batch_size, seed, start_step, steps)
    return RawInput(batches, data.shown, steps)


def grouped(batches: tf.data.Dataset, steps: int) -> RawInput | None:
    """Returns a user's batches in groups of `steps`, or None if their shapes are not static."""
    shapes = [spec.shape for spec in tf.nest.flatten(batches.element_spec)]
    if not all(shape.is_fully_defined() for shape in shapes):
        return None
    return RawInput(batches.batch(steps, drop_remainder=True), lambda x, seeds: x, steps)
