"""Images in an array: in memory, .npy or .npz."""

import contextlib
import os
import pathlib
import zipfile

import numpy as np
import tensorflow as tf

from tfvae.data.dataset import Dataset
from tfvae.data.pixel_values import check_float_images
from tfvae.data.splits import split_numbers


class Arrays(Dataset):
    """Images from an array [N, H, W, C] or [N, H, W]: uint8 0 ... 255, bool, or float in [0, 1].

    Example:
        >>> data = Arrays(np.zeros([20, 8, 8], np.uint8), split="train")
        >>> data.num_examples, data.image_shape
        (18, (8, 8, 1))

    Args:
        source: the array, or the path of an .npy or .npz file.
        key: name of the array; needed if the .npz file has several.
        split: "all", "train" or "test".
        test_fraction: fraction of the images for testing; the split is always the same.

    Raises:
        FileNotFoundError: if the file does not exist.
        ValueError: if the file is unreadable, `key` is missing or unknown, the shape or dtype is
            wrong, or values are not finite or outside [0, 1] (the first such image is named).
    """

    def __init__(
        self,
        source: np.ndarray | str | os.PathLike,
        key: str | None = None,
        split: str = "all",
        test_fraction: float = 0.1,
    ):
        if isinstance(source, str | os.PathLike):
            name, array = str(source), load_array(source, key)
        else:
            name, array = "the array", np.asarray(source)
        array = _checked(array, name)
        numbers = split_numbers(len(array), split, test_fraction)
        self.num_examples = len(numbers)
        self.image_shape = array.shape[1:]
        # On the host; pipelines capture it as a tensor, so it is never a constant in their graphs.
        with tf.device("CPU:0"):
            self._array = tf.convert_to_tensor(array)
            self._numbers = tf.convert_to_tensor(numbers)

    def raw(self, indices: tf.Tensor) -> tf.Tensor:
        """Returns images `indices` (int64 [n]) as stored, [n, H, W, C]."""
        return tf.gather(self._array, tf.gather(self._numbers, indices))


def load_array(source: str | os.PathLike, key: str | None = None) -> np.ndarray:
    """Returns the array in an .npy file, or the array `key` in an .npz file.

    Raises:
        FileNotFoundError: if the file does not exist.
        ValueError: if the file is unreadable, or `key` is missing or unknown.
    """
    path = pathlib.Path(source)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}; it must be an .npy or .npz file")
    with errors_naming(path):
        loaded = np.load(path, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return loaded
    with loaded:
        name = _key(path, loaded.files, key)
        with errors_naming(path):
            return loaded[name]


@contextlib.contextmanager
def errors_naming(path: pathlib.Path):
    """Converts numpy's errors for a broken file into a ValueError that names the file."""
    try:
        yield
    except (zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
        raise ValueError(f"{path} cannot be read as an .npy or .npz file: {error}") from error


def _key(path: pathlib.Path, names: list[str], key: str | None) -> str:
    if key is None and len(names) == 1:
        return names[0]
    if key not in names:
        problem = "needs key=" if key is None else f"has no array {key!r}; key must be"
        raise ValueError(f"{path} {problem} one of {', '.join(names)}")
    return key


def _checked(array: np.ndarray, name: str) -> np.ndarray:
    """Checks that an array has images; returns it as uint8, bool or float32 [N, H, W, C]."""
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim != 4 or not array.size:
        raise ValueError(
            f"{name} has shape {list(array.shape)}; it must be [N, H, W, C] or [N, H, W], not empty"
        )
    if array.dtype == np.uint8:
        if array.max() == 1:
            raise ValueError(
                f"{name} is uint8 with values 0 and 1, which 0 ... 255 scaled to [0, 1] would make "
                f"black; pass array.astype(bool) or array * 255"
            )
        return array
    if array.dtype == bool:
        return array
    if not np.issubdtype(array.dtype, np.floating):
        raise ValueError(
            f"{name} has dtype {array.dtype}; it must be uint8 (0 ... 255), bool, or float in "
            f"[0, 1]. Convert it with array.astype"
        )
    check_float_images(array, lambda number: f"{name}, image {number},")
    return array.astype(np.float32, copy=False)
