"""What a caller gives, made into what the model takes: seeds, dtypes, shapes, chunks."""

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
        seed: An int, or rows [n, 2].
        n: How many rows.

    Returns:
        int64 [n, 2]; the rows (seed, i) for an int.

    Raises:
        ValueError: The rows are not [n, 2] integers, or beyond int64.
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
    """The value, which must be a whole number from 0.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        raise ValueError(f"{name}={value!r} must be a whole number, at least 0")
    return int(value)


def chunks(size: int, chunk_size: int) -> Iterator[slice]:
    """At least one chunk: an empty call learns the shapes of its answer."""
    for start in range(0, max(size, 1), chunk_size):
        yield slice(start, start + chunk_size)


def checked(value: Any, name: str, spec: TensorSpec) -> np.ndarray:
    """The array in the dtype that the model takes.

    Raises:
        ValueError: Its shape or dtype is not the model's, or it holds integers for floats.
    """
    array = as_array(value)
    dtype, shape = tensors.numpy_dtype(spec.data_type), spec.shape
    fits = shape is None or (
        array.ndim == len(shape)
        and all(want in (-1, have) for want, have in zip(shape, array.shape, strict=True))
    )
    if not fits:
        raise ValueError(f"{name} has shape {array.shape}, the model takes {shape}, -1 any size")
    if dtype.kind == "f" and array.dtype.kind in "iu" and array.size:
        raise ValueError(
            f"{name} has dtype {array.dtype}, the model takes {dtype}; scale it to the model's "
            "range first, for 8-bit images usually array / 255"
        )
    if dtype.kind == "O":
        if not all(isinstance(item, bytes) for item in array.flat):
            raise ValueError(f"{name} has dtype {array.dtype}, the model takes bytes objects")
    elif array.size and not np.can_cast(array.dtype, dtype, "same_kind"):
        raise ValueError(f"{name} has dtype {array.dtype}, the model takes {dtype}")
    return array.astype(dtype, copy=False)


def as_array(value: Any) -> np.ndarray:
    """Lists of bytes become object arrays, for NumPy's own bytes lose trailing zeros."""
    if isinstance(value, np.ndarray):
        return value
    array = np.asarray(value)
    return np.asarray(value, object) if array.dtype.kind == "S" else array


def traversal(
    latents: np.ndarray, dimensions: Sequence[int] | None, values: Sequence[float]
) -> np.ndarray:
    """Latents with one dimension after the other set to one value after the other.

    Args:
        latents: [N, d].
        dimensions: Which of the d; all where None.
        values: T of them.

    Returns:
        [N, dimensions, T, d].

    Raises:
        ValueError: latents is not [N, d], or has no such dimension.
    """
    latents = np.asarray(latents)
    if latents.ndim != 2:
        raise ValueError(f"latents has shape {latents.shape}; it must be [N, d], a row each")
    size = latents.shape[1]
    dimensions = range(size) if dimensions is None else dimensions
    for dimension in dimensions:
        if not 0 <= dimension < size:
            raise ValueError(f"dimensions has {dimension}; it must be from 0 to {size - 1}")
    moved = np.tile(latents[:, None, None], (1, len(dimensions), len(values), 1))
    for row, dimension in enumerate(dimensions):
        moved[:, row, :, dimension] = values
    return moved
