"""Conditional log-likelihoods of models of several modalities."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tfvae import noise
from tfvae.evaluation.likelihood import MEMORY_BUDGET, importance_weighted, log_likelihood


def conditional_log_likelihood(
    model,
    x: Mapping[str, Any],
    given: Mapping[str, Any],
    num_samples: int = 5000,
    seed: noise.Seed = 0,
    memory_budget: int = MEMORY_BUDGET,
) -> tf.Tensor:
    """Returns the estimate of log p(x_B | x_A) = log p(x_A, x_B) - log p(x_A), [B], nats.

    Both terms are importance weighted, each with the model's posterior of its own modalities. The
    estimate is no bound, since both terms are lower bounds.

    Args:
        model: a `tfvae.multimodal.MultimodalVAE`.
        x: data of the modalities B, {name: [B, ...]}.
        given: data of the modalities A; if it is empty, the result is log p(x_B).
        num_samples: k, for each term.
        seed: an int, or one row per example [B, 2].
        memory_budget: bytes that one chunk's tensors may take.

    Raises:
        ValueError: if a modality is in both, and as `log_likelihood`.
    """
    both = sorted(x.keys() & given.keys() - {"present"})
    if both:
        raise ValueError(
            f"x and given both have {', '.join(both)}; give each modality in one of them"
        )
    together = {**given, **x}
    present = {**given.get("present", {}), **x.get("present", {})}
    if present:
        together["present"] = present
    joint = log_likelihood(model, together, num_samples, seed, memory_budget)
    if not given:
        return joint
    return joint - importance_weighted(model, given, num_samples, seed, memory_budget)
