"""Splits of the examples into training and test sets."""

from collections.abc import Sequence

import numpy as np

from tfvae.data.frozen_random import frozen_random_state

SPLITS = ("all", "train", "test")
# Constant, so that an evaluation never uses an earlier run's training examples.
_SEED = 20140413


def check_split(split: str, valid: Sequence[str] = SPLITS) -> None:
    """Raises ValueError if `split` is not in `valid`."""
    if split not in valid:
        names = ", ".join(repr(name) for name in valid)
        raise ValueError(f"split is {split!r}; it must be one of {names}")


def split_numbers(num_examples: int, split: str, test_fraction: float) -> np.ndarray:
    """Returns the numbers of the examples in a split, int64 [n], ascending.

    The test set is selected by a permutation that depends only on `num_examples`, so "train" and
    "test" are disjoint and together are "all".

    Args:
        num_examples: total number of examples.
        split: "all", "train" or "test".
        test_fraction: fraction of the examples for testing, between 0 and 1.

    Raises:
        ValueError: if the split is unknown or empty, or the fraction is not between 0 and 1.
    """
    check_split(split)
    if split == "all":
        return np.arange(num_examples)
    if not 0 < test_fraction < 1:
        raise ValueError(f"test_fraction is {test_fraction}; it must be between 0 and 1")
    order = frozen_random_state(_SEED).permutation(num_examples)
    num_test = round(num_examples * test_fraction)
    numbers = order[:num_test] if split == "test" else order[num_test:]
    if not numbers.size:
        raise ValueError(
            f"split {split!r} of {num_examples} examples is empty with test_fraction="
            f"{test_fraction}; choose another test_fraction or split='all'"
        )
    return np.sort(numbers).astype(np.int64)
