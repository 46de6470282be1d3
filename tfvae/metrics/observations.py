"""Samples images by number for the metrics that vote.

Image numbers are those of `GroundTruthDataset`: the last factor varies fastest.
"""

from collections.abc import Callable

import numpy as np

from tfvae.data import GroundTruthDataset
from tfvae.data.dataset import strides

VALUES_AT_ONCE = 2**22  # values in a batch of images, 16 MiB
MAX_BATCH_SIZE = 8192
VOTES_AT_ONCE = 128  # their codes fit in a core's cache
# Ratio of possible to requested images up to which a lookup table is faster than sorting.
SPARSE = 8


def random_images(generator: np.random.Generator, data: GroundTruthDataset, shape) -> np.ndarray:
    """Samples image numbers with uniform, independent factors, int64 of `shape`."""
    return generator.integers(0, np.prod(data.factor_sizes, dtype=np.int64), size=shape)


def share_factor(
    images: np.ndarray, others: np.ndarray, fixed: np.ndarray, data: GroundTruthDataset
) -> None:
    """Sets factor `fixed` [votes] of `images` [votes, L] to its value in `others`, in place.

    Args:
        images: image numbers, changed in place.
        others: image numbers, [votes, L] or [votes, 1].
        fixed: the factor of each vote.
        data: the data set of the image numbers.
    """
    sizes = np.array(data.factor_sizes, np.int64)
    stride, size = strides(data.factor_sizes)[fixed][:, None], sizes[fixed][:, None]
    images += (others // stride % size - images // stride % size) * stride


def encode_once(
    encode: Callable, data: GroundTruthDataset, images: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Encodes each distinct image number in `images` (any shape) once.

    Returns:
        Codes [n, d] of the n distinct images, and the row of each of `images` in them.

    Raises:
        ValueError: if a code is NaN or infinite (the factors of the image are named).
    """
    different, row = _different(images, int(np.prod(data.factor_sizes, dtype=np.int64)))
    values = data.images(factors_of(different[:1], data)).size  # per image
    batch_size = min(MAX_BATCH_SIZE, max(1, VALUES_AT_ONCE // values))
    batches = [different[i : i + batch_size] for i in range(0, len(different), batch_size)]
    codes = np.concatenate(
        [np.asarray(encode(data.images(factors_of(batch, data)))) for batch in batches]
    )
    if not np.isfinite(codes).all():
        broken = np.flatnonzero(~np.isfinite(codes).all(axis=1))
        raise ValueError(
            f"encode returned NaN or infinite codes, first for the image with factors "
            f"{factors_of(different[broken[:1]], data)[0].tolist()}"
        )
    return codes, row


def factors_of(images: np.ndarray, data: GroundTruthDataset) -> np.ndarray:
    """Returns the factors of image numbers [n], int64 [n, K]."""
    return np.array(np.unravel_index(images, data.factor_sizes)).T


def _different(images: np.ndarray, possible: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the sorted distinct values of `images`, and the index of each of `images` in them."""
    if possible > SPARSE * images.size:
        return np.unique(images, return_inverse=True)
    seen = np.zeros(possible, bool)
    seen[images.reshape(-1)] = True
    return np.flatnonzero(seen), (np.cumsum(seen) - 1)[images]
