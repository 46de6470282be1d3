"""MNIST: 70,000 handwritten digits (LeCun, Cortes & Burges)."""

import os
import pathlib

import numpy as np
import tensorflow as tf

from tfvae import noise
from tfvae.data.arrays import Arrays, errors_naming
from tfvae.data.pixel_values import scaled
from tfvae.data.splits import check_split

_ARRAYS = ("x_train", "y_train", "x_test", "y_test")
_NUM_TRAIN = 60_000
# Seed of "fixed" binarisation.
_SEED = 1


class MNIST(Arrays):
    """Handwritten digits, float32 [28, 28, 1] in [0, 1].

    Read from `path`, else from `mnist.npz` in the directory given by the environment variable
    TFVAE_DATA_DIR, else through `keras.datasets.mnist`, which downloads and caches it.

    Args:
        split: "train" (60,000 images), "test" (10,000) or "all".
        binarisation: "none" for grey values; "dynamic" for a new Bernoulli sample each time an
            image is shown, a function of the seeds passed to `examples`; "fixed" for one Bernoulli
            sample per image, always the same (`gather` returns it as well).
        path: `mnist.npz` in Keras's layout, or the directory that contains it.

    Attributes:
        labels: the digits, int64 [num_examples].

    Raises:
        ValueError: if `split` or `binarisation` is unknown, or the file has another layout.
        FileNotFoundError: if no file is found (the message lists the places searched).
    """

    def __init__(
        self,
        split: str = "train",
        binarisation: str = "none",
        path: str | os.PathLike | None = None,
    ):
        check_split(split)
        if binarisation not in ("none", "dynamic", "fixed"):
            raise ValueError(
                f"binarisation is {binarisation!r}; it must be one of 'none', 'dynamic', 'fixed'"
            )
        x_train, y_train, x_test, y_test = _load(path)
        images = {"train": [x_train], "test": [x_test], "all": [x_train, x_test]}[split]
        labels = {"train": [y_train], "test": [y_test], "all": [y_train, y_test]}[split]
        super().__init__(np.concatenate(images))
        self.labels = np.concatenate(labels).astype(np.int64)
        self._binarisation = binarisation
        self._first_number = _NUM_TRAIN if split == "test" else 0

    def raw(self, indices: tf.Tensor) -> tf.Tensor:
        """Returns images `indices` (int64 [n]), [n, 28, 28, 1]: uint8, or bool if fixed."""
        stored = super().raw(indices)
        if self._binarisation != "fixed":
            return stored
        numbers = tf.cast(indices, tf.int64) + self._first_number
        seeds = tf.stack([tf.fill(tf.shape(numbers), tf.constant(_SEED, tf.int64)), numbers], 1)
        return _bernoulli(scaled(stored), noise.fold_in(seeds, "fixed_binarisation"))

    def shown(self, raw: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
        """Returns images as a model sees them, float32 [n, 28, 28, 1].

        Args:
            raw: the result of `raw`.
            seeds: int64 [n, 2], which determine the draws of dynamic binarisation.
        """
        images = self.from_raw(raw)
        if self._binarisation != "dynamic":
            return images
        on = _bernoulli(images, noise.fold_in(seeds, "dynamic_binarisation"))
        return tf.cast(on, tf.float32)


def _bernoulli(images: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
    """One draw of every pixel, bool: on with its value as the probability."""
    uniform = noise.uniform(seeds, 28 * 28)[0]
    return tf.reshape(uniform, tf.shape(images)) < images


def _load(path: str | os.PathLike | None) -> tuple[np.ndarray, ...]:
    """Loads and checks the four arrays of Keras's layout."""
    if path is not None:
        file = pathlib.Path(path)
        file = file / "mnist.npz" if file.is_dir() else file
        if not file.is_file():
            raise FileNotFoundError(f"path: there is no file {file}; it must be MNIST's mnist.npz")
        return _read(file)
    directory = os.environ.get("TFVAE_DATA_DIR")
    if directory and (file := pathlib.Path(directory) / "mnist.npz").is_file():
        return _read(file)
    return _through_keras(directory)


def _read(file: pathlib.Path) -> tuple[np.ndarray, ...]:
    with errors_naming(file), np.load(file, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    missing = [name for name in _ARRAYS if name not in arrays]
    if missing:
        raise ValueError(
            f"{file} has no {', '.join(missing)}; MNIST in Keras's layout has "
            f"{', '.join(_ARRAYS)}, this file has {', '.join(arrays)}"
        )
    x_train, y_train, x_test, y_test = (arrays[name] for name in _ARRAYS)
    for name, images, labels in (("x_train", x_train, y_train), ("x_test", x_test, y_test)):
        if images.dtype != np.uint8 or images.shape != (len(labels), 28, 28):
            raise ValueError(
                f"{file}: {name} is {images.dtype} {list(images.shape)}; it must be uint8 "
                f"[{len(labels)}, 28, 28], one image per label"
            )
    return x_train, y_train, x_test, y_test


def _through_keras(directory: str | None) -> tuple[np.ndarray, ...]:
    import keras  # noqa: PLC0415

    try:
        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    except Exception as error:  # Keras raises a bare Exception if a download fails
        looked = f"TFVAE_DATA_DIR ({directory})" if directory else "TFVAE_DATA_DIR (which is unset)"
        cache = os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras")
        raise FileNotFoundError(
            f"mnist.npz is not in {looked} nor in Keras's cache {cache}/datasets, and "
            f"downloading it failed: {error}. Put mnist.npz in Keras's layout in a directory and "
            f"set TFVAE_DATA_DIR to it, or pass path="
        ) from error
    return x_train, y_train, x_test, y_test
