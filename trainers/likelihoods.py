"""Likelihoods by the names of `--metrics`, and their entries in results.json."""

from collections.abc import Callable
from typing import Any, NamedTuple

from trainers import program  # noqa: F401  # first: quiets TensorFlow

# isort: split
import numpy as np

import tfvae
from tfvae import evaluation
from tfvae.models.generative_model import GenerativeModel


class EstimatorSettings(NamedTuple):
    """The model, the data and the settings of likelihood estimators.

    Attributes:
        model: the run's model.
        data: its evaluation data.
        examples: number of examples used.
        seed: of all random draws.
        num_samples: importance samples for each example.
        ais_steps: steps of a chain.
        ais_chains: chains for each example, in each direction.
        ais_examples: examples that are annealed, or simulated.
        memory_budget: bytes that tensors may take at once; None: each estimator's default.
        progress: whether to show progress bars.
        jit_compile: whether XLA compiles importance weighting.
    """

    model: GenerativeModel
    data: tfvae.data.Dataset
    examples: int
    seed: int
    num_samples: int
    ais_steps: int
    ais_chains: int
    ais_examples: int
    memory_budget: int | None
    progress: bool
    jit_compile: bool = False

    @property
    def kwargs(self) -> dict[str, Any]:
        """Keyword arguments of every estimator."""
        budget = {} if self.memory_budget is None else {"memory_budget": self.memory_budget}
        return {"seed": self.seed, "progress": self.progress, **budget}

    def examples_shown(self, limit: int) -> np.ndarray:
        """Returns examples [limit, ...], spread evenly over the data."""
        return np.concatenate(list(self.data.epoch(100, self.seed, limit)))


Results = dict[str, float]


def _mean(name: str, values) -> Results:
    estimate = evaluation.mean_estimate(values)
    return {name: estimate.mean, f"{name}_standard_error": estimate.standard_error}


def _log_likelihood(settings: EstimatorSettings) -> Results:
    estimate = evaluation.mean_log_likelihood(
        settings.model,
        settings.data,
        settings.num_samples,
        num_examples=settings.examples,
        jit_compile=settings.jit_compile,
        **settings.kwargs,
    )
    return {
        **_mean("log_likelihood", estimate.values),
        "log_likelihood_num_samples": settings.num_samples,
    }


def _bits_per_dimension(settings: EstimatorSettings) -> Results:
    images = settings.examples_shown(min(1000, settings.examples))
    evaluation.bits_per_dimension(settings.model, images, 0.0)  # raises before the long part
    results = _log_likelihood(settings)
    bits = evaluation.bits_per_dimension(settings.model, images, results["log_likelihood"])
    return {**results, "bits_per_dimension": float(bits)}


def _ais(settings: EstimatorSettings) -> Results:
    estimate = evaluation.annealed_importance_sampling(
        settings.model,
        settings.examples_shown(settings.ais_examples),
        settings.ais_steps,
        settings.ais_chains,
        **settings.kwargs,
    )
    return {
        **_mean("ais_log_likelihood", estimate.log_likelihood),
        "ais_effective_sample_size": float(estimate.effective_sample_size.mean()),
        "ais_acceptance_rate": float(estimate.acceptance_rate.mean()),
        "ais_examples": len(estimate.log_likelihood),
        "ais_steps": settings.ais_steps,
        "ais_chains": settings.ais_chains,
    }


def _bidirectional(settings: EstimatorSettings) -> Results:
    bounds = evaluation.bidirectional(
        settings.model,
        settings.ais_examples,
        settings.ais_steps,
        settings.ais_chains,
        **settings.kwargs,
    )
    return {
        **_mean("bidirectional_lower", bounds.lower),
        **_mean("bidirectional_upper", bounds.upper),
        **_mean("bidirectional_gap", bounds.gap),
        "bidirectional_examples": len(bounds.gap),
        "bidirectional_steps": settings.ais_steps,
        "bidirectional_chains": settings.ais_chains,
    }


LIKELIHOODS: dict[str, Callable[[EstimatorSettings], Results]] = {
    "bits_per_dimension": _bits_per_dimension,
    "log_likelihood": _log_likelihood,
    "ais": _ais,
    "bidirectional": _bidirectional,
}
NEED_NO_ENCODER = ("ais", "bidirectional")  # only a prior and a likelihood
