"""Summaries of data: the shape of an example, and the range and type of its values."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from tfvae.data import Dataset
from tfvae.data.multimodal_dataset import PRESENT

EXAMPLES = 1000  # to summarise


class Summary(NamedTuple):
    """The shape and the values of the examples of one modality.

    Attributes:
        shape: of an example.
        low: the smallest value.
        high: the largest value.
        is_one_hot: whether each vector on the last axis has one 1, among zeros.
        dtype: of the values.
    """

    shape: tuple[int, ...]
    low: float
    high: float
    is_one_hot: bool
    dtype: np.dtype


def summarise(data) -> Summary | dict[str, Summary]:
    """Returns a summary of up to 1,000 examples of the data, or one for each modality.

    Args:
        data: a `tfvae.data.Dataset`, an array [N, ...], or a dictionary of arrays, with a mask
            "present" if examples lack modalities.

    Raises:
        ValueError: if the type or shape is another one, or values are NaN or infinite.
    """
    if isinstance(data, Dataset):
        batches = list(data.epoch(EXAMPLES, limit=EXAMPLES))
        return summarise(batches[0])
    if isinstance(data, Mapping):
        present = data.get(PRESENT, {})
        return {
            name: _summary(values, f"data[{name!r}]", present.get(name))
            for name, values in data.items()
            if name != PRESENT
        }
    return _summary(data, "data")


def shape_of(data: Dataset) -> tuple[int, ...] | dict[str, tuple[int, ...]]:
    """Returns the shape of an example of a data set, or those of each modality."""
    shapes = getattr(data, "shapes", None)  # of data of several modalities
    return dict(shapes) if shapes else tuple(data.image_shape)


def _summary(values: Any, name: str, present: Any = None) -> Summary:
    array = _array(values, name)
    shape = array.shape[1:]
    if present is not None:
        array = array[np.asarray(present, bool)]
    rows = np.linspace(0, len(array) - 1, min(EXAMPLES, len(array))).astype(int)
    array = array[rows]
    low, high = float(array.min()), float(array.max())
    if not np.isfinite([low, high]).all():
        raise ValueError(f"{name} has NaN or infinite values; all values must be finite")
    is_binary = bool(np.isin(array, (0, 1)).all())
    is_one_hot = is_binary and shape[-1] > 1 and bool((array.sum(axis=-1) == 1).all())
    return Summary(shape, low, high, is_one_hot, array.dtype)


def _array(values: Any, name: str) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype.kind not in "biuf" or array.ndim < 2 or not array.size:
        raise ValueError(
            f"{name} is a {type(values).__name__} of dtype {array.dtype} and shape "
            f"{list(array.shape)}; give a tfvae.data.Dataset, an array of numbers [N, ...] of at "
            "least one axis after N, or a dictionary of such arrays"
        )
    return array
