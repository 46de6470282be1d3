"""Converts and checks the caller's arguments: seeds, dtypes, shapes, chunks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from . import tensors
from .signature_specs import TensorSpec

_LARGEST = 2**63 - 1


def seed_rows(seed: Any, n: int) -> np.ndarray:
    """Expands a seed to one row for each example.

    Args:
        seed: An int, or integers of shape [n, 2].
        n: Number of examples.

    Returns:
        int64 [n, 2]; row i is (seed, i) if the seed is an int.

    Raises:
        ValueError: The seed is neither, or does not fit into int64.
    """
    array = np.asarray(seed)
    too_large = array.dtype.kind == "O" and isinstance(seed, int)
    if too_large or (array.dtype.kind == "u" and (array > _LARGEST).any()):
        raise ValueError(f"seed={seed} must be from {-_LARGEST - 1} to {_LARGEST}")
    if array.ndim == 0 and array.dtype.kind in "iu":
        return np.stack([np.full(n, seed, np.int64), np.arange(n, dtype=np.int64)], axis=1)
    if array.shape != (n, 2) or array.dtype.kind not in "iu":
        raise ValueError(
            f"seed has shape {array.shape} and dtype {array.dtype}; give an int, or integers of "
            f"shape ({n}, 2), one row for each example"
        )
    return array.astype(np.int64)


def count(name: str, value: int) -> int:
    """Returns the value if it is an integer of at least 0.

    Raises:
        ValueError: The value is negative or not an integer.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        raise ValueError(f"{name}={value!r} must be an integer of at least 0")
    return int(value)


def chunks(size: int, chunk_size: int) -> Iterator[slice]:
    """Yields slices of `chunk_size`; one for an empty array, so that the server returns shapes."""
    for start in range(0, max(size, 1), chunk_size):
        yield slice(start, start + chunk_size)


def checked(value: Any, name: str, spec: TensorSpec) -> np.ndarray:
    """Returns the value as an array of the model's dtype.

    Raises:
        ValueError: The shape does not match the model's, or the dtype cannot be converted safely;
            integers are not converted to floats.
    """
    array = as_array(value)
    dtype, shape = tensors.numpy_dtype(spec.data_type), spec.shape
    fits = shape is None or (
        array.ndim == len(shape)
        and all(want in (-1, have) for want, have in zip(shape, array.shape, strict=True))
    )
    if not fits:
        raise ValueError(
            f"{name} has shape {array.shape}; the model takes {shape}, -1 for any size"
        )
    if dtype.kind == "f" and array.dtype.kind in "iu" and array.size:
        raise ValueError(
            f"{name} has dtype {array.dtype}; the model takes {dtype}. Scale it to the model's "
            "range first, usually array / 255 for 8-bit images"
        )
    if dtype.kind == "O":
        if not all(isinstance(item, bytes) for item in array.flat):
            raise ValueError(f"{name} has dtype {array.dtype}; the model takes bytes objects")
    elif array.size and not np.can_cast(array.dtype, dtype, "same_kind"):
        raise ValueError(f"{name} has dtype {array.dtype}; the model takes {dtype}")
    return array.astype(dtype, copy=False)


def as_array(value: Any) -> np.ndarray:
    """Returns an array; bytes become objects, because NumPy's bytes dtype drops trailing zeros."""
    if isinstance(value, np.ndarray):
        return value
    array = np.asarray(value)
    return np.asarray(value, object) if array.dtype.kind == "S" else array


def traversal(
    latents: np.ndarray, dimensions: Sequence[int] | None, values: Sequence[float]
) -> np.ndarray:
    """Returns latents for a traversal: sets each dimension in turn to each of the values.

    Args:
        latents: [N, d].
        dimensions: D dimensions to traverse; all d if None.
        values: T values.

    Returns:
        [N, D, T, d].

    Raises:
        ValueError: latents is not [N, d], or a dimension is out of range.
    """
    latents = np.asarray(latents)
    if latents.ndim != 2:
        raise ValueError(f"latents has shape {latents.shape}; it must be [N, d]")
    size = latents.shape[1]
    dimensions = range(size) if dimensions is None else dimensions
    for dimension in dimensions:
        if not 0 <= dimension < size:
            raise ValueError(f"dimensions has {dimension}; it must be from 0 to {size - 1}")
    moved = np.tile(latents[:, None, None], (1, len(dimensions), len(values), 1))
    for row, dimension in enumerate(dimensions):
        moved[:, row, :, dimension] = values
    return moved
