"""Log-likelihoods over a data set: the mean and its standard error."""

import math
from typing import NamedTuple

import keras
import numpy as np

from tfvae import noise
from tfvae.arguments import require_at_least
from tfvae.batch import as_arrays, num_rows, take
from tfvae.data import Dataset
from tfvae.evaluation import checks
from tfvae.evaluation.likelihood import MEMORY_BUDGET, importance_weighted
from tfvae.evaluation.normalisation import require_normalised_prior

_BATCH_SIZE = 200


class MeanEstimate(NamedTuple):
    """A mean over examples.

    Attributes:
        mean: mean over the examples.
        standard_error: standard error of the mean, for examples drawn at random; NaN for one.
        values: value of each example, [N].
    """

    mean: float
    standard_error: float
    values: np.ndarray


def mean_estimate(values) -> MeanEstimate:
    """Returns the mean of values [N] and its standard error.

    Raises:
        ValueError: if there are none.
    """
    values = np.asarray(values)
    require_at_least(1, num_values=len(values))
    wide = values.astype(np.float64)
    deviation = wide.std(ddof=1) if len(wide) > 1 else math.nan
    return MeanEstimate(float(wide.mean()), float(deviation / math.sqrt(len(wide))), values)


def mean_log_likelihood(
    model,
    data,
    num_samples: int = 5000,
    seed: int = 0,
    num_examples: int | None = None,
    memory_budget: int = MEMORY_BUDGET,
    progress: bool = False,
    jit_compile: bool = False,
) -> MeanEstimate:
    """Returns the importance-weighted log-likelihood of a data set, nats; see `log_likelihood`.

    The noise of example i, in the data and in its latents, follows from (seed, i) and does not
    depend on the batches.

    Args:
        model: a model with `log_weights`.
        data: array [N, ...], a dictionary of such, or `tfvae.data.Dataset`.
        num_samples: k.
        seed: seed of all samples.
        num_examples: number of examples to use, spread evenly if `data` is a `Dataset`; all if
            None.
        memory_budget: bytes that one chunk's tensors may take, on each replica.
        progress: whether to show a progress bar.
        jit_compile: whether XLA compiles a chunk; see `log_likelihood`.

    Raises:
        ValueError: as `log_likelihood`, with the range of examples, or if there are no examples.
    """
    batches, size = _batches(data, seed, num_examples)
    require_at_least(1, num_samples=num_samples, num_examples=size)
    checks.require_densities(model)
    require_normalised_prior(model)
    bar = keras.utils.Progbar(size, verbose=int(progress), unit_name="example")
    values, rows = [], noise.seed_rows(seed, size)
    done = 0
    for x in batches:
        count = num_rows(x)
        part = slice(done, done + count)
        try:
            value = importance_weighted(
                model, x, num_samples, rows[part], memory_budget, jit_compile=jit_compile
            )
        except ValueError as error:
            raise ValueError(f"of examples {done} to {done + count - 1}: {error}") from error
        values.append(value.numpy())
        done += count
        bar.add(count)
    return mean_estimate(np.concatenate(values))


def _batches(data, seed: int, num_examples: int | None):
    """Returns batches of examples, and the number of examples."""
    known = isinstance(data, Dataset)
    data = data if known else as_arrays(data)
    size = data.num_examples if known else num_rows(data)
    size = size if num_examples is None else min(num_examples, size)
    if known:
        return data.epoch(_BATCH_SIZE, seed, size), size
    starts = range(0, size, _BATCH_SIZE)
    return (take(data, slice(first, min(first + _BATCH_SIZE, size))) for first in starts), size
