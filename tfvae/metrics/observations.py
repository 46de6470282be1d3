"""Observations that a metric chooses itself: drawn factors, and codes of their images."""

from collections.abc import Callable

import numpy as np

from tfvae.data import GroundTruthDataset


def require_at_least(**numbers_and_least: tuple[int, int]) -> None:
    """Raises ValueError where a number, given as name=(number, least), is below its least."""
    for name, (number, least) in numbers_and_least.items():
        if number < least:
            raise ValueError(f"{name} is {number}; it must be at least {least}")


def random_factors(generator, data: GroundTruthDataset, number: int) -> np.ndarray:
    """Returns `number` rows of uniform, independent factors, int64 [number, K]."""
    return generator.integers(0, data.factor_sizes, size=(number, data.num_factors))


def encode_once(
    encode: Callable, data: GroundTruthDataset, factors: np.ndarray, batch_size: int = 512
) -> np.ndarray:
    """Returns the codes of images with `factors` [n, K], [n, d]; each image is encoded once.

    Raises:
        ValueError: where a code is NaN or infinite, naming the factors of its image.
    """
    wanted = data.indices(factors)
    seen = np.zeros(np.prod(data.factor_sizes), bool)  # quicker than sorting, as np.unique does
    seen[wanted] = True
    indices = np.flatnonzero(seen)
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
    position = np.cumsum(seen) - 1
    return codes[position[wanted]]
