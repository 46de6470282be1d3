"""Whether a prior's density integrates to 1, by its own draws."""

from typing import NamedTuple

import numpy as np
from tensorflow_probability import distributions as tfd

from tfvae import noise
from tfvae.evaluation.checks import is_discrete

_DRAWS = 2000
# A normaliser is told from 1 by this much in nats, and by so many standard errors; where they are
# large, the estimate and they themselves are not to be relied upon.
_TOLERANCE, _ERRORS = 0.05, 6.0
_LARGEST_ERROR = 0.25


class Normaliser(NamedTuple):
    """An estimate of log c, where a density integrates to c; nats.

    Attributes:
        log: the estimate.
        standard_error: of the estimate; large or NaN where the density is nothing like a normal.
    """

    log: float
    standard_error: float


def require_normalised_prior(model, seed: int = 0) -> None:
    """Checks that the prior's density is that of its draws, and integrates to 1.

    Found out is a constant of more than 0.05 nats in a prior that overlaps with a normal of its
    moments. A prior too far from any normal to tell is taken on trust, as is one without draws or
    of discrete latents.

    Raises:
        ValueError: with what the density integrates to.
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
            f"prior gives {prior.name}, whose density integrates to {np.exp(estimate.log):.3g} "
            f"(log {estimate.log:.3f}, standard error {estimate.standard_error:.3f}) where its "
            "draws are, not to 1: normalise its log_prob, or every likelihood is off by as much"
        )


def log_normaliser(log_density, draws: np.ndarray, seed: int = 0) -> Normaliser:
    """Returns log c of a density c p(z), given draws of p(z), by bridge sampling from a normal.

    Meng & Wong 1996 (Statistica Sinica 6, 831), the optimal bridge for as many draws of both. The
    normal has the moments of one half of the draws; the other half is the bridge's end.

    Args:
        log_density: latents [n, d] to log c p(z), [n].
        draws: z ~ p(z), [2 n, d].
        seed: of the normal's draws.
    """
    first, second = np.array_split(draws.astype(np.float64), 2)
    size = len(second)
    covariance = np.atleast_2d(np.cov(first, rowvar=False))
    covariance += 1e-6 * np.eye(len(covariance)) * max(np.trace(covariance), 1e-6)
    normal = tfd.MultivariateNormalTriL(first.mean(axis=0), np.linalg.cholesky(covariance))
    others = normal.sample(size, seed=(seed, 1)).numpy()
    here, there = (  # log c p(z) - log normal(z) of either end's draws
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
