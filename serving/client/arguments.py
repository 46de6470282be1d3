"""What a caller gives, made into what the model takes: seeds, dtypes, shapes, chunks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from serving.client import messages_pb2, tensors


def seed_rows(seed: Any, n: int) -> np.ndarray:
    """Expands a seed to one row for each example.

    Args:
        seed: An int, or rows [n, 2].
        n: How many rows.

    Returns:
        int64 [n, 2]; the rows (seed, i) for an int.

    Raises:
        ValueError: The rows are not [n, 2] integers.
    """
    array = np.asarray(seed)
    if array.ndim == 0 and array.dtype.kind in "iu":
        return np.stack([np.full(n, seed, np.int64), np.arange(n, dtype=np.int64)], axis=1)
    if array.shape != (n, 2) or array.dtype.kind not in "iu":
        raise ValueError(
            f"seed has shape {array.shape} and dtype {array.dtype}; give an int, or integers of "
            f"shape ({n}, 2), one row for each example"
        )
    return array.astype(np.int64)


def chunks(size: int, chunk_size: int) -> Iterator[slice]:
    """At least one chunk: an empty call learns the shapes of its answer."""
    for start in range(0, max(size, 1), chunk_size):
        yield slice(start, start + chunk_size)


def checked(array: np.ndarray, name: str, info: messages_pb2.TensorInfo) -> np.ndarray:
    """The array in the dtype that the model takes.

    Raises:
        ValueError: Its shape is not the model's, or it holds integers for the model's floats.
    """
    dtype, shape = tensors.numpy_dtype(info.dtype), shape_of(info)
    fits = array.ndim == len(shape) and all(
        want in (-1, have) for want, have in zip(shape, array.shape, strict=False)
    )
    if not fits:
        raise ValueError(f"{name} has shape {array.shape}, the model takes {shape}, -1 any size")
    if dtype.kind == "f" and array.dtype.kind in "iu":
        raise ValueError(
            f"{name} has dtype {array.dtype}, the model takes {dtype}; scale it to the model's "
            "range first, for 8-bit images usually array / 255"
        )
    return array.astype(dtype, casting="same_kind", copy=False)


def as_array(value: Any) -> np.ndarray:
    """Lists of bytes become object arrays, for NumPy's own bytes lose trailing zeros."""
    array = np.asarray(value)
    return np.asarray(value, object) if array.dtype.kind == "S" else array


def shape_of(info: messages_pb2.TensorInfo) -> tuple[int, ...]:
    """The shape of an input or output; -1 is a dimension of any size."""
    return tuple(dim.size for dim in info.tensor_shape.dim)
