"""The KL term as the sum of mutual information, total correlation and dimension-wise KL."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfvae import noise
from tfvae.arguments import require_at_least
from tfvae.distributions.sampling import UnsuitableDistributionError, sample_with_seeds
from tfvae.estimators import aggregate_posterior
from tfvae.evaluation import checks

MEMORY_BUDGET = 64 * 2**20  # bytes of one block of densities
_TENSORS_ALIVE = 4  # of a block's shape at once
_BATCH_SIZE = 256


class KLDecomposition(NamedTuple):
    """E_x KL(q(z|x) || p(z)) and the three parts that sum to it; nats.

    Attributes:
        kl: E_x KL(q(z|x) || p(z)).
        mutual_information: I(x; z) under q, which is at most log N.
        total_correlation: KL(q(z) || prod_j q(z_j)).
        dimension_wise_kl: sum_j KL(q(z_j) || p(z_j)).
    """

    kl: float
    mutual_information: float
    total_correlation: float
    dimension_wise_kl: float


def kl_decomposition(
    model, x, num_points: int = 10_000, seed: int = 0, memory_budget: int = MEMORY_BUDGET
) -> KLDecomposition:
    """Returns the parts of a model's KL term over the whole data set `x`.

    The aggregate posterior q(z) is the mean of q(z|x) over every row of `x`, not over a batch, so
    total correlation and mutual information are exact for `x` up to Monte Carlo error. About
    num_points * N * d densities are computed: half a minute for 10,000 rows and 10 latents.

    Args:
        model: a model with `encode` and a `prior` with independent dimensions.
        x: data, [N, ...].
        num_points: number of latents at which densities are compared.
        seed: seed of the latents.
        memory_budget: bytes that one block of densities may take.

    Raises:
        ValueError: if there are no rows or points, the data do not suit the model, the prior's
            dimensions are not independent, the posterior's marginal densities are not known, or
            densities are NaN (the message names the row).
    """
    x = tf.convert_to_tensor(x)
    checks.require_examples(x)
    model.check_data(x)
    posteriors = [model.encode(x[i : i + _BATCH_SIZE]) for i in range(0, x.shape[0], _BATCH_SIZE)]
    return decompose_kl(posteriors, model.prior(), num_points, seed, memory_budget)


def decompose_kl(
    posteriors: Sequence,
    prior,
    num_points: int = 10_000,
    seed: int = 0,
    memory_budget: int = MEMORY_BUDGET,
) -> KLDecomposition:
    """Returns the parts of the KL term for given distributions; see `kl_decomposition`.

    Hoffman & Johnson 2016 ("ELBO surgery"); Chen et al. 2018 (arXiv:1802.04942), equation 2.

    Args:
        posteriors: q(z|x) of all rows in one or several batches; batch [n], event [d].
        prior: p(z), batch [], event [d].
        num_points: number of latents at which densities are compared, spread evenly over the rows.
        seed: seed of the latents.
        memory_budget: bytes that one block of densities may take; a block has at least one latent.

    Raises:
        ValueError: as `kl_decomposition`, except for the checks of the data.
    """
    require_at_least(1, num_points=num_points, memory_budget=memory_budget)
    try:
        for q in posteriors:
            aggregate_posterior.marginals(q)  # raises before any work
    except UnsuitableDistributionError as error:
        raise ValueError(str(error)) from error
    z, log_conditional = _draw_points(posteriors, num_points, seed)  # log q(z|x)
    log_prior = prior.log_prob(z)  # log p(z)
    _check_independent(prior, z, log_prior)
    rows, size = max(int(q.batch_shape[0]) for q in posteriors), z.shape[1]
    at_once = max(1, memory_budget // (rows * size * 4 * _TENSORS_ALIVE))
    blocks = [
        _aggregate_log_density(posteriors, z[i : i + at_once]) for i in range(0, len(z), at_once)
    ]
    log_joint, log_product = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return KLDecomposition(
        kl=_mean_difference(log_conditional, log_prior),
        mutual_information=_mean_difference(log_conditional, log_joint),
        total_correlation=_mean_difference(log_joint, log_product),
        dimension_wise_kl=_mean_difference(log_product, log_prior),
    )


def _draw_points(posteriors: Sequence, num_points: int, seed: int):
    """Returns latents [P, d] of rows spread evenly, and their log q(z|x) [P]."""
    sizes = [int(q.batch_shape[0]) for q in posteriors]
    repeats = -(-num_points // sum(sizes))
    seeds = tf.split(noise.fold_in(noise.seed_rows(seed, sum(sizes)), "information"), sizes)
    drawn = [sample_with_seeds(q, rows, repeats) for q, rows in zip(posteriors, seeds, strict=True)]
    density = [q.log_prob(z) for q, z in zip(posteriors, drawn, strict=True)]
    z, log_conditional = tf.concat(drawn, axis=1), tf.concat(density, axis=1)  # [repeats, N, ...]
    numbers = log_conditional[0] + tf.reduce_sum(z[0], axis=-1)  # log q(NaN) may be finite
    checks.check_not_nan("latents or densities of q(z|x)", numbers)
    order = np.random.default_rng(seed).permutation(sum(sizes))
    # Each row floor(P / N) times, then a random subset of the rows.
    z = tf.reshape(tf.gather(z, order, axis=1), [-1, z.shape[-1]])
    return z[:num_points], tf.reshape(tf.gather(log_conditional, order, axis=1), [-1])[:num_points]


def _check_independent(prior, z: tf.Tensor, log_prior: tf.Tensor) -> None:
    try:
        marginals = aggregate_posterior.marginals(prior)
    except UnsuitableDistributionError as error:
        raise ValueError(f"prior gives {prior.name}; {_DEPENDENT}") from error
    log_product = tf.reduce_sum(marginals.log_prob(z), axis=-1)
    if not np.allclose(log_product, log_prior, rtol=1e-3, atol=1e-3):
        raise ValueError(f"prior gives {prior.name}; {_DEPENDENT}")


_DEPENDENT = (
    "its dimensions are not known to be independent. The dimension-wise KL needs a prior that is a "
    "product over dimensions, such as tfvae.priors.StandardNormal"
)


def _aggregate_log_density(posteriors: Sequence, z: tf.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Returns log q(z) and sum_j log q(z_j) of latents [P, d] over all posteriors, each [P]."""
    joint, marginal, rows = [], [], 0
    for q in posteriors:
        joint.append(aggregate_posterior.log_density_pairs(q, z[tf.newaxis])[0])  # [P, n]
        marginal.append(aggregate_posterior.marginal_log_density_pairs(q, z[tf.newaxis])[0])
        joint[-1] = tf.reduce_logsumexp(joint[-1], axis=1)
        marginal[-1] = tf.reduce_logsumexp(marginal[-1], axis=1)  # [P, d]
        rows += int(q.batch_shape[0])
    log_joint = tf.reduce_logsumexp(tf.stack(joint), axis=0) - np.log(rows)
    log_marginal = tf.reduce_logsumexp(tf.stack(marginal), axis=0) - np.log(rows)
    return log_joint.numpy(), tf.reduce_sum(log_marginal, axis=-1).numpy()


def _mean_difference(first, second) -> float:
    return float(np.mean(np.asarray(first, np.float64) - np.asarray(second, np.float64)))
