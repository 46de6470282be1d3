"""Examples of the data for the initial values of a prior."""

from typing import TypeAlias

import numpy as np

from tfvae.data import Dataset

Data: TypeAlias = Dataset | np.ndarray


def data_examples(data: Data, limit: int) -> np.ndarray:
    """Returns at most `limit` examples, spread evenly over the data, [n, ...].

    Args:
        data: a `tfvae.data.Dataset`, or an array [N, ...].
        limit: maximum number of examples.
    """
    if isinstance(data, Dataset):
        return np.concatenate([np.asarray(batch) for batch in data.epoch(1000, limit=limit)])
    array = np.asarray(data)
    rows = np.linspace(0, len(array) - 1, min(limit, len(array))).astype(int)
    return array[rows]
