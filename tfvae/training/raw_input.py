"""Input as raw values, of which a training step makes examples on its device."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from tfvae import noise
from tfvae.batch import num_rows
from tfvae.data import Dataset

_LOGGER = logging.getLogger("tfvae")


class RawInput(NamedTuple):
    """Input of `fit`: batches, and the function that makes examples of them.

    Attributes:
        batches: what Keras's `fit` takes; raw values [batch_size, ...], or
            [steps, batch_size, ...] if `steps` is given.
        shown: (raw values, seeds [n, 2]) to examples, as `Dataset.shown`; None if `batches` are
            examples.
        steps: steps per element of `batches`, which one XLA program takes; None if an element is
            one batch.
    """

    batches: Any
    shown: Callable[[Any, tf.Tensor], Any] | None = None
    steps: int | None = None

    def first_examples(self, element, seed: int):
        """Returns the examples of the first step of the first element."""
        if self.shown is None:
            return element
        raw = element if self.steps is None else _first(element)
        seeds = noise.training_rows(seed, tf.constant(0), tf.constant(0), num_rows(raw))
        return self.shown(raw, noise.fold_in(seeds, "data"))


def raw_input(
    data: Dataset, batch_size: int, seed: int, start_step: int = 0, steps: int | None = None
) -> RawInput:
    """Returns a data set's batches for `fit`, the same examples as `data.batches` gives.

    Args:
        data: the data set.
        batch_size: examples of a batch, over all replicas.
        seed: the seed that the model was compiled with.
        start_step: number of the first batch, the model's step.
        steps: steps per XLA program, the model's `steps_per_execution`; no program if None.
    """
    return RawInput(data.raw_batches(batch_size, seed, start_step, steps), data.shown, steps)


def given_to_fit(model, x, arguments: Mapping[str, Any]) -> RawInput:
    """Returns the input of `fit` as a `RawInput`; batches are grouped for XLA if they can be."""
    if isinstance(x, RawInput):
        return x
    steps = model.steps_per_execution
    if model.jit_compile and steps > 1 and _can_be_grouped(x, arguments):
        _LOGGER.info("XLA runs %d steps of `fit` as one program", steps)
        return RawInput(x.batch(steps, drop_remainder=True), _unchanged, steps)
    return RawInput(x)


def _can_be_grouped(x, arguments: Mapping[str, Any]) -> bool:
    """Whether batches have static shapes and do not end within the steps of `fit`."""
    steps = (arguments.get("steps_per_epoch") or 0) * arguments.get("epochs", 1)
    if not isinstance(x, tf.data.Dataset) or not steps or isinstance(x.element_spec, tuple):
        return False
    number = int(x.cardinality())
    return (number == tf.data.INFINITE_CARDINALITY or number >= steps) and all(
        spec.shape.is_fully_defined() for spec in tf.nest.flatten(x.element_spec)
    )


def _unchanged(x, seeds: tf.Tensor):
    del seeds
    return x


def _first(group):
    return tf.nest.map_structure(lambda rows: rows[0], group)
