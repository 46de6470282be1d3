"""The FactorVAE score."""

import warnings
from collections.abc import Callable

import numpy as np

from tfvae.arguments import require_at_least
from tfvae.data import GroundTruthDataset
from tfvae.metrics.observations import (
    VOTES_AT_ONCE,
    encode_once,
    random_images,
    share_factor,
)

INACTIVE_STDDEV = 0.05


def factor_vae_score(
    encode: Callable,
    data: GroundTruthDataset,
    seed: int,
    num_train: int = 10_000,
    num_test: int = 5_000,
    observations: int = 64,
    num_variance: int = 10_000,
) -> float:
    """Returns the accuracy of predicting a fixed factor from the code with the lowest variance.

    Kim & Mnih 2018 (arXiv:1802.05983), section 4. For a vote: fix one factor, sample L images,
    divide the variance of each code by its variance over the data, and take the code with the
    lowest ratio. A majority vote maps codes to factors; it is fitted on the training votes and
    scored on the test votes. Codes with a standard deviation below 0.05 are ignored.

    Args:
        encode: maps images [n, H, W, C] to codes [n, d], such as posterior means.
        data: a data set with ground-truth factors.
        seed: random seed.
        num_train: number of training votes; 10,000 in the published protocol.
        num_test: number of test votes; 5,000 in the protocol.
        observations: images per vote, L; 64 in the protocol.
        num_variance: images to estimate the variance over the data; 10,000 in the protocol.

    Returns:
        The accuracy on the test votes, from 0 to 1. If every code is inactive, the accuracy of
        always predicting the most frequent factor, with a warning.

    Raises:
        ValueError: if a number is below 1 (2 for `observations`, `num_variance`), or codes are NaN.
    """
    require_at_least(1, num_train=num_train, num_test=num_test)
    require_at_least(2, observations=observations, num_variance=num_variance)
    generator = np.random.default_rng(seed)
    votes = num_train + num_test
    fixed = generator.integers(0, len(data.factor_sizes), size=votes)
    images = random_images(generator, data, num_variance + votes * observations)
    observed = images[num_variance:].reshape(votes, observations)
    share_factor(observed, observed[:, :1], fixed, data)  # also changes `images`: it is a view
    codes, row = encode_once(encode, data, images)
    variance = codes[row[:num_variance]].var(axis=0, ddof=1)
    active = variance >= INACTIVE_STDDEV**2
    if active.any():
        observed = row[num_variance:].reshape(votes, observations)
        spread = _variances(codes.compress(active, axis=1), observed) / variance[active]
        vote = spread.argmin(axis=1)
    else:
        warnings.warn(
            "every code is inactive (standard deviation below 0.05): the score is the accuracy of "
            "always predicting the most frequent factor",
            stacklevel=2,
        )
        vote = np.zeros(votes, np.int64)
    counts = np.zeros((codes.shape[1], len(data.factor_sizes)), np.int64)
    np.add.at(counts, (vote[:num_train], fixed[:num_train]), 1)
    return float(np.mean(counts.argmax(axis=1)[vote[num_train:]] == fixed[num_train:]))


def _variances(codes: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Returns the variance of `codes` [n, d] over the rows of each vote [votes, L]; [votes, d]."""
    blocks = range(0, len(rows), VOTES_AT_ONCE)
    return np.concatenate(
        [codes.take(rows[i : i + VOTES_AT_ONCE].T, axis=0).var(axis=0, ddof=1) for i in blocks]
    )
