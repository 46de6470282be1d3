"""The exact aggregate posterior of a data set, and its divergence from the prior."""

import math

import numpy as np
import tensorflow as tf

from tfvae import noise
from tfvae.arguments import require_at_least
from tfvae.data import Dataset
from tfvae.estimators import accumulate_log_sum_exp

POSTERIORS_PER_CHUNK = 256
POINTS_PER_CHUNK = 8192


def aggregate_log_density(model, data, latents) -> np.ndarray:
    """Returns log q(z) = log (1/N) sum_i q(z|x_i) at `latents` [n, d], [n], nats.

    Args:
        model: a model.
        data: array [N, ...] or `tfvae.data.Dataset`; q(z) is the mean of q(z|x) over it.
        latents: z, [n, d].
    """
    examples = all_examples(data)
    latents = np.asarray(latents, np.float32)
    sums = [np.full(len(part), -np.inf, np.float32) for part in _parts(latents, POINTS_PER_CHUNK)]
    for rows in _parts(examples, POSTERIORS_PER_CHUNK):
        q = model.encode(tf.convert_to_tensor(rows))  # q(z|x), batch [B]
        for i, z in enumerate(_parts(latents, POINTS_PER_CHUNK)):
            pairs = q.log_prob(z[:, None])  # [n, B]
            sums[i] = accumulate_log_sum_exp(sums[i], tf.transpose(pairs))
    return np.concatenate(sums) - math.log(len(examples))


def kl_from_prior(model, data, num_points: int = 10_000, seed: int = 0) -> float:
    """Returns KL(p(z) || q(z)), nats, by Monte Carlo over the prior; q(z) is exact.

    The (alpha, beta) decomposition (arXiv:1812.02833) penalises it: it is large if the aggregate
    posterior leaves a part of the prior empty.

    Args:
        model: a model.
        data: array [N, ...] or `tfvae.data.Dataset`; q(z) is the mean of q(z|x) over it.
        num_points: samples from the prior, at least 1.
        seed: seed of the samples.

    Raises:
        ValueError: if `num_points` is below 1.
    """
    require_at_least(1, num_points=num_points)
    z = model.sample_latent(noise.seed_rows(seed, num_points))
    difference = model.prior().log_prob(z).numpy() - aggregate_log_density(model, data, z)
    return float(np.mean(difference, dtype=np.float64))


def _parts(array: np.ndarray, size: int) -> list[np.ndarray]:
    return [array[start : start + size] for start in range(0, len(array), size)]


def all_examples(data) -> np.ndarray:
    """Returns the rows of an array or a `tfvae.data.Dataset`, float32 [N, ...]."""
    if isinstance(data, Dataset):
        return np.concatenate([np.asarray(batch) for batch in data.epoch(1000)])
    return np.asarray(data, np.float32)
