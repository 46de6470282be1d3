"""Examples in an array: in memory, .npy or .npz."""

import contextlib
import os
import pathlib
import zipfile

import numpy as np
import tensorflow as tf

from tfvae.data.dataset import Dataset
from tfvae.data.pixel_values import (
    UNBOUNDED,
    Range,
    check_floats,
    checked_range,
    extremes,
    memory_map,
    release,
)
from tfvae.data.splits import split_numbers


class Arrays(Dataset):
    """Examples from an array [N, ...]: vectors, series, images, volumes.

    Values are uint8 (divided by 255), uint16 (divided by 65535), bool, or float in `range`. An
    array [N, H, W] is grey images, [N, H, W, 1], unless `add_channel` is False; arrays of any other
    rank keep their shape.

    An .npy file or `np.memmap` may be larger than memory: its values are checked in chunks, and
    examples are read from the file when needed. Other arrays are copied.

    Example:
        >>> data = Arrays(np.zeros([20, 8, 8], np.uint8), split="train")
        >>> data.num_examples, data.image_shape
        (18, (8, 8, 1))
        >>> z_scores = np.random.default_rng(0).normal(size=[20, 3])
        >>> Arrays(z_scores, range=None).image_shape
        (3,)

    Args:
        source: the array, or the path of an .npy or .npz file.
        key: name of the array; needed if the .npz file has several.
        split: "all", "train" or "test".
        test_fraction: fraction of the examples for testing; the split is always the same.
        range: the smallest and the largest valid float; None for any finite values, such as
            z-scores, with an unbounded likelihood such as `tfvae.heads.Normal`.
        add_channel: whether [N, H, W] is grey images, to which an axis of one channel is added;
            False for series of vectors, [N, T, C].

    Raises:
        FileNotFoundError: if the file does not exist.
        ValueError: if the file is unreadable, `key` is missing or unknown, the shape or dtype is
            wrong, or values are not finite or outside `range` (the first such example is named).
    """

    def __init__(
        self,
        source: np.ndarray | str | os.PathLike,
        key: str | None = None,
        split: str = "all",
        test_fraction: float = 0.1,
        range: Range | None = (0.0, 1.0),
        add_channel: bool = True,
    ):
        if isinstance(source, str | os.PathLike):
            name, array = str(source), load_array(source, key, mapped=True)
        else:
            name, array = "the array", np.asanyarray(source)
        if array.ndim < 2 or not array.size:
            raise ValueError(
                f"{name} has shape {list(array.shape)}; it must be [N, ...], such as [N, H, W, C] "
                f"or [N, d], not empty"
            )
        self.range = checked_range(range)
        self._dtype = _checked_dtype(array, name, self.range)
        if array.ndim == 3 and add_channel:
            array = array[..., None]
        numbers = split_numbers(len(array), split, test_fraction)
        self.num_examples = len(numbers)
        self.image_shape = array.shape[1:]
        self._mapped = array if memory_map(array) is not None else None
        # On the host; pipelines capture it as a tensor, so it is never a constant in their graphs.
        with tf.device("CPU:0"):
            self._numbers = tf.convert_to_tensor(numbers)
            if self._mapped is None:
                self._array = tf.convert_to_tensor(array.astype(self._dtype, copy=False))

    def raw(self, indices: tf.Tensor) -> tf.Tensor:
        """Returns examples `indices` (int64 [n]) as stored, [n, ...]; floats as float32."""
        numbers = tf.gather(self._numbers, indices)
        if self._mapped is None:
            return tf.gather(self._array, numbers)
        dtype = tf.as_dtype(self._dtype)
        rows = tf.numpy_function(self._rows, [numbers], dtype, stateful=False)
        return tf.ensure_shape(rows, [None, *self.image_shape])

    def _rows(self, numbers: np.ndarray) -> np.ndarray:
        """Reads examples from the memory map."""
        assert self._mapped is not None
        rows = np.array(self._mapped[numbers], self._dtype)
        release(self._mapped)
        return rows


def load_array(
    source: str | os.PathLike, key: str | None = None, mapped: bool = False
) -> np.ndarray:
    """Returns the array in an .npy file, or the array `key` in an .npz file.

    Args:
        source: path of the file.
        key: name of the array; needed if the .npz file has several.
        mapped: whether to map an .npy file into memory instead of reading it.

    Raises:
        FileNotFoundError: if the file does not exist.
        ValueError: if the file is unreadable, or `key` is missing or unknown.
    """
    path = pathlib.Path(source)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}; it must be an .npy or .npz file")
    with errors_naming(path):
        loaded = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
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


def _checked_dtype(array: np.ndarray, name: str, value_range: Range | None) -> type[np.generic]:
    """Checks the values; returns the type they are kept in: uint8, uint16, bool or float32."""
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind == "b":
        return np.bool_
    if kind == "f":
        example = "image" if array.ndim in (3, 4) else "example"
        check_floats(array, lambda i: f"{name}, {example} {i},", value_range, UNBOUNDED)
        return np.float32
    if kind not in "iu":
        raise ValueError(
            f"{name} has dtype {array.dtype}; it must be uint8 (0 ... 255), uint16 (0 ... 65535), "
            f"bool or float"
        )
    lowest, highest = extremes(array)
    low, high = int(lowest.min()), int(highest.max())
    if kind == "u" and size <= 2:
        largest = np.iinfo(array.dtype).max
        if high == 1:
            raise ValueError(
                f"{name} is {array.dtype} with values 0 and 1, which 0 ... {largest} scaled to "
                f"[0, 1] would make black; pass array.astype(bool) or array * {largest}"
            )
        return np.uint8 if size == 1 else np.uint16
    limits = (255, 65535, np.iinfo(array.dtype).max)
    largest = next(limit for limit in limits if high <= limit)
    scaling = f"Scale pixels with array / {largest}; f" if low >= 0 else "F"
    raise ValueError(
        f"{name} has dtype {array.dtype} and values from {low} to {high}; it must be uint8 "
        f"(0 ... 255), uint16 (0 ... 65535), bool or float. {scaling}or unbounded values, pass "
        f"array.astype(np.float32) and range=None"
    )
