"""Checks with a prior's own samples that its density integrates to 1."""

from typing import NamedTuple

import numpy as np
from tensorflow_probability import distributions as tfd

from tfvae import noise
from tfvae.evaluation.checks import is_discrete

_DRAWS = 2000
# A normaliser counts as different from 1 if its log is above the tolerance in nats plus so many
# standard errors. If the standard error is large, neither it nor the estimate is reliable.
_TOLERANCE, _ERRORS = 0.05, 6.0
_LARGEST_ERROR = 0.25


class Normaliser(NamedTuple):
    """An estimate of log c for a density that integrates to c; nats.

    Attributes:
        log: the estimate.
        standard_error: its standard error; large or NaN if the density is far from normal.
    """

    log: float
    standard_error: float


def require_normalised_prior(model, seed: int = 0) -> None:
    """Checks that the prior's density agrees with its samples and integrates to 1.

    The check finds a constant of more than 0.05 nats if the prior overlaps with a normal of its
    moments. A prior that is too far from a normal, cannot be sampled, or has discrete latents is
    not checked.

    Raises:
        ValueError: if the density does not integrate to 1 (the message gives the integral).
    """
    if is_discrete(model.prior()):
        return
    try:
        draws = model.sample_latent(noise.fold_in(noise.seed_rows(seed, 2 * _DRAWS), "normaliser"))
    except (
        TypeError,
        NotImplementedError,
    ):  # no draws from seed rows; importance weights need none
        return
    prior = model.prior()
    estimate = log_normaliser(prior.log_prob, draws.numpy())
    known = estimate.standard_error < _LARGEST_ERROR
    if known and abs(estimate.log) > _TOLERANCE + _ERRORS * estimate.standard_error:
        raise ValueError(
            f"prior gives {prior.name}, and its density integrates to {np.exp(estimate.log):.3g} "
            f"(log {estimate.log:.3f}, standard error {estimate.standard_error:.3f}) over its "
            "samples, not to 1: normalise its log_prob, or every likelihood is off by this factor"
        )


def log_normaliser(log_density, draws: np.ndarray, seed: int = 0) -> Normaliser:
    """Returns log c of a density c p(z), given samples of p(z), by bridge sampling from a normal.

    Meng & Wong 1996 (Statistica Sinica 6, 831), the optimal bridge for equally many samples of
    both. The normal has the moments of one half of the samples; the other half is used in the
    bridge.

    Args:
        log_density: latents [n, d] to log c p(z), [n].
        draws: samples z ~ p(z), [2 n, d].
        seed: seed of the normal's samples.
    """
    first, second = np.array_split(draws.astype(np.float64), 2)
    size = len(second)
    covariance = np.atleast_2d(np.cov(first, rowvar=False))
    covariance += 1e-6 * np.eye(len(covariance)) * max(np.trace(covariance), 1e-6)
    normal = tfd.MultivariateNormalTriL(first.mean(axis=0), np.linalg.cholesky(covariance))
    others = normal.sample(size, seed=(seed, 1)).numpy()
    here, there = (  # log c p(z) - log normal(z) at the samples of p, and of the normal
        np.asarray(log_density(z.astype(np.float32)), np.float64) - normal.log_prob(z).numpy()
        for z in (second, others)
    )
    low, high = -1e4, 1e4  # the equation's left side falls with log c; its right side rises
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for _ in range(60):
            middle = (low + high) / 2
            above = _logistic(there - middle).sum() > _logistic(middle - here).sum()
            low, high = (middle, high) if above else (low, middle)
        ends = _logistic(there - middle), _logistic(middle - here)
        variance = sum(np.mean(end**2) / np.mean(end) ** 2 - 1 for end in ends) / size
    return Normaliser(middle, float(np.sqrt(variance)))


def _logistic(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))
