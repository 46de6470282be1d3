"""Random numbers that define a data set: the same in every version of NumPy."""

from collections.abc import Sequence

import numpy as np


def frozen_random_state(seed: int | Sequence[int]) -> np.random.RandomState:
    """Returns NumPy's legacy generator, which new versions of NumPy do not change.

    Args:
        seed: one integer, or several, which name a stream.
    """
    return np.random.RandomState(seed)
