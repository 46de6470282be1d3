"""Likelihoods by the names of `--metrics`: what results.json holds of each."""

from collections.abc import Callable
from typing import Any, NamedTuple

from trainers import program  # noqa: F401  # first: quiets TensorFlow

# isort: split
import numpy as np

import tfvae
from tfvae import evaluation


class Asked(NamedTuple):
    """What is estimated, and how.

    Attributes:
        model: the run's model.
        data: its evaluation data.
        examples: how many of them.
        seed: of all that is drawn.
        num_samples: importance samples for each example.
        ais_steps: steps of a chain.
        ais_chains: chains for each example, each way.
        ais_examples: examples annealed, or simulated.
        memory_budget: bytes that tensors may take at once; each estimator's own where None.
        progress: whether to show progress bars.
    """

    model: tfvae.VAE
    data: tfvae.data.Dataset
    examples: int
    seed: int
    num_samples: int
    ais_steps: int
    ais_chains: int
    ais_examples: int
    memory_budget: int | None
    progress: bool

    @property
    def how(self) -> dict[str, Any]:
        """Arguments of every estimator."""
        budget = {} if self.memory_budget is None else {"memory_budget": self.memory_budget}
        return {"seed": self.seed, "progress": self.progress, **budget}

    def shown(self, limit: int) -> np.ndarray:
        """Returns examples [limit, ...] of the data, spread evenly."""
        return np.concatenate(list(self.data.epoch(100, self.seed, limit)))


Results = dict[str, float]


def _mean(name: str, values) -> Results:
    estimate = evaluation.mean_estimate(values)
    return {name: estimate.mean, f"{name}_standard_error": estimate.standard_error}


def _log_likelihood(asked: Asked) -> Results:
    estimate = evaluation.mean_log_likelihood(
        asked.model,
        asked.data,
        asked.num_samples,
        num_examples=asked.examples,
        **asked.how,
    )
    return {
        **_mean("log_likelihood", estimate.values),
        "log_likelihood_num_samples": asked.num_samples,
    }


def _bits_per_dimension(asked: Asked) -> Results:
    images = asked.shown(min(1000, asked.examples))
    evaluation.bits_per_dimension(asked.model, images, 0.0)  # refused before the long part
    results = _log_likelihood(asked)
    bits = evaluation.bits_per_dimension(asked.model, images, results["log_likelihood"])
    return {**results, "bits_per_dimension": float(bits)}


def _ais(asked: Asked) -> Results:
    estimate = evaluation.annealed_importance_sampling(
        asked.model,
        asked.shown(asked.ais_examples),
        asked.ais_steps,
        asked.ais_chains,
        **asked.how,
    )
    return {
        **_mean("ais_log_likelihood", estimate.log_likelihood),
        "ais_effective_sample_size": float(estimate.effective_sample_size.mean()),
        "ais_acceptance_rate": float(estimate.acceptance_rate.mean()),
        "ais_examples": len(estimate.log_likelihood),
        "ais_steps": asked.ais_steps,
        "ais_chains": asked.ais_chains,
    }


def _bidirectional(asked: Asked) -> Results:
    bounds = evaluation.bidirectional(
        asked.model,
        asked.ais_examples,
        asked.ais_steps,
        asked.ais_chains,
        **asked.how,
    )
    return {
        **_mean("bidirectional_lower", bounds.lower),
        **_mean("bidirectional_upper", bounds.upper),
        **_mean("bidirectional_gap", bounds.gap),
        "bidirectional_examples": len(bounds.gap),
        "bidirectional_steps": asked.ais_steps,
        "bidirectional_chains": asked.ais_chains,
    }


LIKELIHOODS: dict[str, Callable[[Asked], Results]] = {
    "bits_per_dimension": _bits_per_dimension,
    "log_likelihood": _log_likelihood,
    "ais": _ais,
    "bidirectional": _bidirectional,
}
