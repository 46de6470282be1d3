"""Class numbers as one-hot vectors."""

import os
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfvae.data.arrays import load_array
from tfvae.data.dataset import Dataset
from tfvae.data.splits import split_numbers


class Labels(Dataset):
    """Class numbers [N] as one-hot vectors, float32 [K]; the likelihood is `OneHotCategorical`.

    Example:
        >>> data = Labels([2, 0, 1])
        >>> data.gather([0]).numpy()
        array([[0., 0., 1.]], dtype=float32)

    Args:
        classes: integers from 0 to K - 1, [N]; or the path of an .npy or .npz file.
        num_classes: number of classes, K; by default the largest class number + 1.
        key: name of the array; needed if the .npz file has several.
        split: "all", "train" or "test": the same examples as in an `Arrays` of this length.
        test_fraction: fraction of the examples for testing; the split is always the same.

    Attributes:
        labels: the class numbers, int64 [num_examples].

    Raises:
        FileNotFoundError: if the file does not exist.
        ValueError: if the file is unreadable, the shape is wrong, or a value is not a class
            number (the first such example is named).
    """

    def __init__(
        self,
        classes: Sequence[int] | np.ndarray | str | os.PathLike,
        num_classes: int | None = None,
        key: str | None = None,
        split: str = "all",
        test_fraction: float = 0.1,
    ):
        if isinstance(classes, str | os.PathLike):
            name, array = str(classes), load_array(classes, key)
        else:
            name, array = "classes", np.asarray(classes)
        array = _checked(array, num_classes, name)
        self.labels = array[split_numbers(len(array), split, test_fraction)]
        self.num_examples = len(self.labels)
        self.image_shape = (int(array.max()) + 1 if num_classes is None else num_classes,)
        with tf.device("CPU"):  # where input pipelines run
            self._labels = tf.constant(self.labels)

    def gather(self, indices: tf.Tensor) -> tf.Tensor:
        """Returns labels `indices` (int64 [n]) as float32 [n, K], one-hot."""
        return tf.one_hot(tf.gather(self._labels, indices), *self.image_shape)


def _checked(array: np.ndarray, num_classes: int | None, name: str) -> np.ndarray:
    """Checks the class numbers; returns int64 [N]."""
    if array.ndim != 1 or not array.size:
        raise ValueError(
            f"{name} has shape {list(array.shape)}; it must be [N], not empty, a class number for "
            f"each example"
        )
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(
            f"{name} has dtype {array.dtype}, its first value is {array[0]}; class numbers must be "
            f"integers. {_advice(array)}"
        )
    outside = array < 0
    if num_classes is not None:
        outside |= array >= num_classes
    if outside.any():
        first = int(outside.argmax())
        top = "" if num_classes is None else f" to {num_classes - 1} (num_classes is {num_classes})"
        raise ValueError(
            f"{name} has value {array[first]} at example {first}; class numbers are from 0{top}"
        )
    return array.astype(np.int64)


def _advice(array: np.ndarray) -> str:
    """Returns how to use values that are not integers."""
    if array.dtype.kind != "f":
        return "Number the values with np.unique(array, return_inverse=True)[1]"
    if (array == np.floor(array)).all():
        return "Convert them with array.astype(int)"
    return "Bin them with tfvae.metrics.bin_factors(array[:, None])[:, 0], or read them with Arrays"
