"""Bidirectional Monte Carlo: lower and upper bounds of log p(x) for simulated data."""

import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfvae import noise
from tfvae.arguments import require_at_least
from tfvae.evaluation import checks
from tfvae.evaluation.annealed_importance_sampling import (
    MEMORY_BUDGET,
    AnnealedEstimate,
    Chains,
    estimate,
)


class BidirectionalEstimate(NamedTuple):
    """Bounds of log p(x) of N examples drawn from the model; nats.

    Attributes:
        lower: estimate by chains from the prior, a lower bound in expectation, [N].
        upper: estimate by chains from the latent that generated the example, an upper bound in
            expectation, [N].
        gap: upper - lower, [N]; its mean bounds the error of `annealed_importance_sampling` with
            the same number of steps, on such data.
        x: the examples, [N, ...].
        forward: the estimates by the chains from the prior.
    """

    lower: np.ndarray
    upper: np.ndarray
    gap: np.ndarray
    x: tf.Tensor
    forward: AnnealedEstimate


def bidirectional(
    model,
    num_examples: int = 20,
    num_steps: int = 1000,
    num_chains: int = 16,
    num_leapfrog_steps: int = 10,
    seed: int = 0,
    memory_budget: int = MEMORY_BUDGET,
    progress: bool = False,
) -> BidirectionalEstimate:
    """Returns lower and upper bounds of log p(x) for examples sampled from the model.

    Grosse et al. 2015 (arXiv:1511.02543); Wu et al. 2017 (arXiv:1611.04273), section 4.1. If
    z ~ p(z) and x ~ p(x|z), then z is an exact sample of p(z|x), and chains from it back to the
    prior give an unbiased estimate of 1 / p(x). A small gap between the bounds shows that there
    are enough steps, as far as real data resemble the samples.

    Args:
        model: a model of continuous latents with a likelihood that can be sampled.
        num_examples: N.
        num_steps: T, steps from prior to posterior, and back.
        num_chains: C, chains per example in each direction.
        num_leapfrog_steps: leapfrog steps per transition.
        seed: seed of the examples and all other samples.
        memory_budget: bytes that the tensors of a group of examples may take, on each replica.
        progress: whether to show a progress bar.

    Raises:
        ValueError: as `annealed_importance_sampling`, or if the likelihood cannot be sampled.
    """
    require_at_least(1, num_examples=num_examples)
    chains = Chains(model, num_steps, num_chains, num_leapfrog_steps, seed, memory_budget)
    latent = model.sample_latent(noise.fold_in(noise.seed_rows(seed, num_examples), "simulated"))
    x = _simulated(model, latent, seed)
    bar = chains.bar(num_examples, progress, paths=2)
    step_sizes = chains.pilot(x, bar)
    forward = estimate(chains.forward(x, step_sizes, bar))
    log_weights = tf.constant(chains.reverse(x, latent, step_sizes, bar).log_weights)
    # The mean weight of the reverse chains estimates 1 / p(x).
    upper = math.log(num_chains) - tf.reduce_logsumexp(log_weights, axis=1)
    checks.check_not_nan("reverse weights", upper)
    lower = forward.log_likelihood
    return BidirectionalEstimate(lower, upper.numpy(), upper.numpy() - lower, x, forward)


def _simulated(model, latent: tf.Tensor, seed: int) -> tf.Tensor:
    p = model.decode(latent)  # p(x|z)
    words = np.random.SeedSequence([seed % 2**64, len(latent)]).generate_state(2)
    try:
        return tf.cast(p.sample(seed=words.view(np.int32)), tf.float32)
    except NotImplementedError as error:
        raise ValueError(
            f"likelihood gives {p.name}, which cannot be drawn from; simulated examples need that. "
            "For given data there is annealed_importance_sampling"
        ) from error
