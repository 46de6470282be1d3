"""Valid values: 8-bit and 16-bit integers, floats in [0, 1], or any finite floats."""

import mmap
from collections.abc import Callable

import numpy as np
import tensorflow as tf

Range = tuple[float, float]

# Factors, because graph optimisation replaces a division by a product and eager mode does not.
SCALE_8_BIT = np.float32(1 / 255)
SCALE_16_BIT = np.float32(1 / 65535)
UNBOUNDED = "; or pass range=None, and give the model an unbounded likelihood such as Normal"
_BYTES_READ = 1 << 26  # chunk size


def scaled(raw):
    """Returns stored values as float32 in [0, 1].

    uint8 is divided by 255 and uint16 by 65535; bool becomes 0 and 1. Values of other dtypes are
    returned unchanged.
    """
    if raw.dtype == tf.uint8:
        return tf.cast(raw, tf.float32) * SCALE_8_BIT
    if raw.dtype == tf.uint16:
        return tf.cast(raw, tf.float32) * SCALE_16_BIT
    return tf.cast(raw, tf.float32) if raw.dtype == tf.bool else raw


def checked_range(value_range: Range | None) -> Range | None:
    """Returns the range of a reader's argument `range`.

    Raises:
        ValueError: if it is neither (low, high) with low < high nor None.
    """
    if value_range is None:
        return None
    if len(value_range) != 2 or not value_range[0] < value_range[1]:
        raise ValueError(f"range is {value_range}; it must be (low, high) with low < high, or None")
    low, high = value_range
    return float(low), float(high)


def check_floats(
    values: np.ndarray,
    name: Callable[[int], str],
    value_range: Range | None = (0.0, 1.0),
    otherwise: str = "",
) -> None:
    """Checks that floats are finite as float32 and in a range.

    Args:
        values: float [n, ...]; may be a memory map, which is read in chunks.
        name: returns the name of example i for error messages.
        value_range: the smallest and the largest valid value; None for any finite values.
        otherwise: what the error adds to its advice, such as `UNBOUNDED`.

    Raises:
        ValueError: if values are NaN, infinite or outside the range (the first example is named).
    """
    lowest, highest = extremes(values)  # NaN if an example has any
    with np.errstate(over="ignore"):
        singles = lowest.astype(np.float32), highest.astype(np.float32)
    not_finite = ~(np.isfinite(singles[0]) & np.isfinite(singles[1]))
    kind = "images" if values.ndim == 4 else "examples"
    if not_finite.any():
        raise ValueError(
            f"{name(int(not_finite.argmax()))} has NaN or infinite values (in total "
            f"{np.count_nonzero(not_finite)} of {len(values)} {kind}); all values must be finite"
        )
    if value_range is None:
        return
    low, high = value_range
    outside = (lowest < low) | (highest > high)
    if outside.any():
        raise ValueError(
            f"{name(int(outside.argmax()))} is outside [{low:g}, {high:g}], the range of float "
            f"{kind}; the values found are from {lowest.min():g} to {highest.max():g}. Scale them "
            f"with (x - low) / (high - low), such as x / 255, or (x + 1) / 2 from [-1, 1]"
            f"{otherwise}"
        )


def extremes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the smallest and the largest value of each example, [n] each.

    Args:
        values: [n, ...]; may be a memory map, which is read in chunks.
    """
    step = max(1, _BYTES_READ // max(1, values[:1].nbytes))
    lowest, highest = [], []
    for start in range(0, len(values), step):
        rows = np.asarray(values[start : start + step])
        rows = rows.reshape(len(rows), -1)
        lowest.append(rows.min(axis=1))
        highest.append(rows.max(axis=1))
        release(values)
    return np.concatenate(lowest), np.concatenate(highest)


def memory_map(array: np.ndarray) -> mmap.mmap | None:
    """Returns the memory map that an array is a view of; None for arrays in memory."""
    base: object = array
    while base is not None and not isinstance(base, mmap.mmap):
        base = getattr(base, "base", None)
    return base


def release(values: np.ndarray) -> None:
    """Drops what was read of a memory map from this process's memory; it stays in the file.

    Maps with changes that are not for the file (mode "c") keep all, as do other views than
    `np.memmap`.
    """
    mapped = memory_map(values)
    if mapped is not None and getattr(values, "mode", "c") != "c":
        mapped.madvise(mmap.MADV_DONTNEED)
