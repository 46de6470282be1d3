"""The FactorVAE score."""

import warnings
from collections.abc import Callable

import numpy as np

from tfvae.data import GroundTruthDataset

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
    """Returns the accuracy of telling a fixed factor from the code of least variance.

    Kim & Mnih 2018 (arXiv:1802.05983), section 4. A vote: fix one factor, draw L observations,
    divide the variance of each code by its variance over the data, take the code of the least.
    A majority vote maps codes to factors; it is fitted on the training votes and scored on the
    test votes. Codes whose standard deviation is below 0.05 are left out.

    Args:
        encode: images [n, H, W, C] to codes [n, d], such as posterior means.
        data: images with their factors.
        seed: of all draws.
        num_train: training votes; the published protocol's 10,000.
        num_test: test votes; 5,000.
        observations: L; 64.
        num_variance: images for the variance over the data; 10,000.

    Returns:
        The accuracy on the test votes, from 0 to 1. Where every code is inactive, that of always
        naming the most frequent factor, with a warning.

    Raises:
        ValueError: for a number below 1 (2 for `observations`, `num_variance`), or NaN codes.
    """
    for name, number, least in (
        ("num_train", num_train, 1),
        ("num_test", num_test, 1),
        ("observations", observations, 2),
        ("num_variance", num_variance, 2),
    ):
        if number < least:
            raise ValueError(f"{name} is {number}; it must be at least {least}")
    generator = np.random.default_rng(seed)
    population = _random_factors(generator, data, num_variance)
    fixed, factors = _observations(generator, data, num_train + num_test, observations)
    codes = encode_once(encode, data, np.concatenate([population, factors]))
    variance = codes[:num_variance].var(axis=0, ddof=1)
    active = variance >= INACTIVE_STDDEV**2
    if active.any():
        observed = codes[num_variance:].reshape(num_train + num_test, observations, -1)[..., active]
        vote = (observed.var(axis=1, ddof=1) / variance[active]).argmin(axis=1)
    else:
        warnings.warn(
            "every code is inactive (standard deviation below 0.05): the score is the floor of "
            "always naming the most frequent factor",
            stacklevel=2,
        )
        vote = np.zeros(num_train + num_test, np.int64)
    counts = np.zeros((codes.shape[1], data.num_factors), np.int64)
    np.add.at(counts, (vote[:num_train], fixed[:num_train]), 1)
    return float(np.mean(counts.argmax(axis=1)[vote[num_train:]] == fixed[num_train:]))


def _random_factors(generator, data: GroundTruthDataset, number: int) -> np.ndarray:
    return generator.integers(0, data.factor_sizes, size=(number, data.num_factors))


def _observations(generator, data: GroundTruthDataset, votes: int, observations: int):
    """The fixed factor of each vote [votes], and its observations' factors [votes * L, K]."""
    fixed = generator.integers(0, data.num_factors, size=votes)
    factors = _random_factors(generator, data, votes * observations)
    factors = factors.reshape(votes, observations, data.num_factors)
    rows = np.arange(votes)
    factors[rows, :, fixed] = factors[rows, :1, fixed]
    return fixed, factors.reshape(votes * observations, data.num_factors)


def encode_once(
    encode: Callable, data: GroundTruthDataset, factors: np.ndarray, batch_size: int = 512
) -> np.ndarray:
    """Returns the codes of images with `factors` [n, K], [n, d]; each image is encoded once.

    Raises:
        ValueError: where a code is NaN or infinite, naming the factors of its image.
    """
    indices, inverse = np.unique(data.indices(factors), return_inverse=True)
    batches = [indices[i : i + batch_size] for i in range(0, len(indices), batch_size)]
    codes = np.concatenate(
        [np.asarray(encode(data.images(data.factors(batch)))) for batch in batches]
    )
    broken = np.flatnonzero(~np.isfinite(codes).all(axis=1))
    if broken.size:
        raise ValueError(
            f"encode gives NaN or infinite codes, first for the image of factors "
            f"{data.factors(indices[broken[:1]])[0].tolist()}"
        )
    return codes[inverse]
