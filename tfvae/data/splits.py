"""Which examples are trained on and which are kept for evaluation."""

from collections.abc import Sequence

import numpy as np

SPLITS = ("all", "train", "test")
# Constant, so that a later evaluation never sees what an earlier run was trained on.
_SEED = 20140413


def check_split(split: str, valid: Sequence[str] = SPLITS) -> None:
    """Raises ValueError for a `split` that is not among `valid`."""
    if split not in valid:
        names = ", ".join(repr(name) for name in valid)
        raise ValueError(f"split is {split!r}; it must be one of {names}")


def split_numbers(num_examples: int, split: str, test_fraction: float) -> np.ndarray:
    """Returns the numbers of the examples in a split, int64 [n], ascending.

    Which ones are for testing is a permutation that depends on nothing but `num_examples`, so
    "train" and "test" are disjoint and together are "all".

    Args:
        num_examples: number of examples that there are.
        split: "all", "train" or "test".
        test_fraction: fraction of the examples for testing, between 0 and 1.

    Raises:
        ValueError: for an unknown split, a fraction not between 0 and 1, or an empty split.
    """
    check_split(split)
    if split == "all":
        return np.arange(num_examples)
    if not 0 < test_fraction < 1:
        raise ValueError(f"test_fraction is {test_fraction}; it must be between 0 and 1")
    # RandomState, since its streams never change, whatever the version of numpy.
    order = np.random.RandomState(_SEED).permutation(num_examples)
    num_test = round(num_examples * test_fraction)
    numbers = order[:num_test] if split == "test" else order[num_test:]
    if not numbers.size:
        raise ValueError(
            f"split {split!r} of {num_examples} examples is empty with test_fraction="
            f"{test_fraction}; choose another test_fraction or split='all'"
        )
    return np.sort(numbers).astype(np.int64)
