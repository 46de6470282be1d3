"""The rate-distortion curve of a decoder: the best that any encoder can reach."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfvae.evaluation import checks
from tfvae.evaluation.annealed_importance_sampling import MEMORY_BUDGET, Chains


class RateDistortion(NamedTuple):
    """A curve of T points, means over the examples; nats.

    Attributes:
        rate: E_x KL(p_b(z|x) || p(z)), [T].
        distortion: E_x E[-log p(x|z)] under p_b(z|x), [T].
        temperature: b, rising to 1, [T]; at 1, rate + distortion is -log p(x).
    """

    rate: np.ndarray
    distortion: np.ndarray
    temperature: np.ndarray


def rate_distortion(
    model,
    x: tf.Tensor,
    num_steps: int = 1000,
    num_chains: int = 16,
    num_leapfrog_steps: int = 10,
    seed: int = 0,
    memory_budget: int = MEMORY_BUDGET,
    progress: bool = False,
) -> RateDistortion:
    """Returns the rate-distortion curve of the decoder, by annealed importance sampling.

    Huang et al. 2020 (arXiv:2008.06653): p_b(z|x), which is p(z) p(x|z)^b normalised, has the
    lowest rate of all channels with its distortion, and annealing passes through all b. The rate
    is with respect to the model's prior. The point of an encoder, (KL, -reconstruction), lies above
    the curve; Alemi et al. 2018 (arXiv:1711.00464). `tfvae.plots.rate_distortion` draws both.

    The arguments and errors are those of `annealed_importance_sampling`; in addition, it is a
    ValueError if an example has probability 0 at some latent (log p(x|z) = -inf).
    """
    chains = Chains(model, num_steps, num_chains, num_leapfrog_steps, seed, memory_budget)
    path = chains.to_posterior(x, progress)
    checks.check_not_nan("annealed likelihoods", tf.constant(path.distortion.max(axis=1)))
    temperature = chains.temperatures[1:]
    distortion = path.distortion.mean(axis=0)
    # KL(p_b || p(z)) = E[b log p(x|z)] - log normaliser.
    rate = -temperature * distortion - path.log_normaliser.mean(axis=0)
    return RateDistortion(rate, distortion, temperature)
