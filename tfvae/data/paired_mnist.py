"""MNIST with attributes: digit and position, or digit only."""

import os
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfvae.data.dataset import Dataset
from tfvae.data.frozen_random import frozen_random_state
from tfvae.data.labels import Labels
from tfvae.data.mnist import MNIST
from tfvae.data.modalities import Missing, Modalities
from tfvae.data.splits import check_split

# Seed of the positions.
_SEED = 1


class PairedMNIST(Modalities):
    """MNIST digits on the left or right half of a canvas twice as wide; the other half is empty.

    The modalities are:

    * image: float32 [28, 56, 1] in [0, 1];
    * position: one-hot float32 [2], left and right;
    * digit: one-hot float32 [len(digits)], in the order of `digits`.

    A digit's position depends only on its index among the split's images of the same digit; half
    of them are on each side.

    Example:
        data = PairedMNIST("train", digits=range(10), missing={"digit": 0.9, "position": 0.9})

    Args:
        split: MNIST's "train" or "test".
        digits: the digits to include.
        binarisation: binarisation of the images, as in `MNIST`.
        path: `mnist.npz`, or the directory that contains it, as in `MNIST`.
        missing: which examples lack a modality, as in `Modalities`.
        seed: seed that selects the examples with missing modalities.

    Attributes:
        digits: the digits.
        labels: digit of each example, int64 [num_examples].
        places: position of each example, 0 left, 1 right, int64 [num_examples].

    Raises:
        ValueError: if `split` or `binarisation` is unknown, `digits` are empty, repeated or not
            from 0 to 9, and under the conditions of `Modalities`.
        FileNotFoundError: if no file is found (the message lists the places searched).
    """

    def __init__(
        self,
        split: str = "train",
        digits: Sequence[int] = (1, 2),
        binarisation: str = "none",
        path: str | os.PathLike | None = None,
        missing: Missing | None = None,
        seed: int = 0,
    ):
        check_split(split, ("train", "test"))
        self.digits = _checked(digits)
        mnist = MNIST(split, binarisation, path)
        numbers = np.flatnonzero(np.isin(mnist.labels, self.digits))
        if not numbers.size:
            raise ValueError(f"digits is {self.digits}; split {split!r} has none of them")
        self.places = _places(mnist.labels)[numbers]
        self.labels = mnist.labels[numbers]
        order = [self.digits.index(label) for label in self.labels]
        super().__init__(
            {
                "image": _WideCanvas(mnist, numbers, self.places),
                "position": Labels(self.places, 2),
                "digit": Labels(order, len(self.digits)),
            },
            missing,
            seed,
        )


class LabelledMNIST(Modalities):
    """MNIST with its labels.

    The modalities are image, float32 [28, 28, 1] in [0, 1], and digit, one-hot float32 [10].

    Args:
        split: "train" (60,000 images), "test" (10,000) or "all".
        binarisation: binarisation of the images, as in `MNIST`.
        path: `mnist.npz`, or the directory that contains it, as in `MNIST`.
        missing: which examples lack a modality, as in `Modalities`.
        seed: seed that selects the examples with missing modalities.

    Attributes:
        labels: the digits, int64 [num_examples].

    Raises:
        ValueError: as `MNIST` and `Modalities`.
        FileNotFoundError: if no file is found (the message lists the places searched).
    """

    def __init__(
        self,
        split: str = "train",
        binarisation: str = "none",
        path: str | os.PathLike | None = None,
        missing: Missing | None = None,
        seed: int = 0,
    ):
        mnist = MNIST(split, binarisation, path)
        self.labels = mnist.labels
        super().__init__({"image": mnist, "digit": Labels(mnist.labels, 10)}, missing, seed)


class _WideCanvas(Dataset):
    """Images `numbers` [N] of `data` in the left (`places` 0) or right half of a wide canvas."""

    def __init__(self, data: Dataset, numbers: np.ndarray, places: np.ndarray):
        height, width, channels = data.image_shape
        self.num_examples = len(numbers)
        self.image_shape = (height, 2 * width, channels)
        self._data = data
        with tf.device("CPU"):  # where input pipelines run
            self._numbers = tf.constant(numbers, tf.int64)
            self._on_right = tf.constant(places == 1)

    def raw(self, indices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns raw images `indices` (int64 [n]), and whether each is on the right, bool [n]."""
        raw = self._data.raw(tf.gather(self._numbers, indices))
        return raw, tf.gather(self._on_right, indices)

    def from_raw(self, raw: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Returns images on their canvases, float32 [n, 28, 56, 1] in [0, 1]."""
        images, on_right = raw
        return _placed(self._data.from_raw(images), on_right)

    def shown(self, raw: tuple[tf.Tensor, tf.Tensor], seeds: tf.Tensor) -> tf.Tensor:
        """Returns images as a model sees them, float32 [n, 28, 56, 1].

        Args:
            raw: the result of `raw`.
            seeds: int64 [n, 2], which determine the draws of dynamic binarisation.
        """
        images, on_right = raw
        return _placed(self._data.shown(images, seeds), on_right)


def _placed(images: tf.Tensor, on_right: tf.Tensor) -> tf.Tensor:
    """Images [n, H, W, C] in the left or the right half of an empty canvas, [n, H, 2 W, C]."""
    empty = tf.zeros_like(images)
    on_right = on_right[:, tf.newaxis, tf.newaxis, tf.newaxis]
    left, right = tf.where(on_right, empty, images), tf.where(on_right, images, empty)
    return tf.concat([left, right], axis=2)


def _checked(digits: Sequence[int]) -> tuple[int, ...]:
    numbers = tuple(int(digit) for digit in digits)
    if not numbers or len(set(numbers)) < len(numbers) or not set(numbers) <= set(range(10)):
        raise ValueError(f"digits is {list(digits)}; they must be some of 0 to 9, each once")
    return numbers


def _places(labels: np.ndarray) -> np.ndarray:
    """Returns the position of each image, int64 [N]; half of each digit's images are per side."""
    places = np.empty_like(labels)
    for digit in range(10):
        of_digit = labels == digit
        order = frozen_random_state([_SEED, digit]).permutation(of_digit.sum())
        places[of_digit] = order % 2
    return places
