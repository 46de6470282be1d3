"""Valid pixel values: 8-bit integers, or floats in [0, 1]."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

# A factor, because graph optimisation replaces a division by a product and eager mode does not.
SCALE_8_BIT = np.float32(1 / 255)


def scaled(raw):
    """Returns stored values as float32 in [0, 1]: uint8 divided by 255, bool as 0 and 1.

    Values of other dtypes are returned unchanged.
    """
    if raw.dtype == tf.uint8:
        return tf.cast(raw, tf.float32) * SCALE_8_BIT
    return tf.cast(raw, tf.float32) if raw.dtype == tf.bool else raw


def check_float_images(images: np.ndarray, name: Callable[[int], str]) -> None:
    """Checks that float images are finite and in [0, 1].

    Args:
        images: float [n, H, W, C].
        name: returns the name of image i for error messages.

    Raises:
        ValueError: if values are NaN, infinite or outside [0, 1] (the first image is named).
    """
    flat = images.reshape(len(images), -1)
    lowest, highest = flat.min(axis=1), flat.max(axis=1)  # NaN if an image has any
    not_finite = ~(np.isfinite(lowest) & np.isfinite(highest))
    if not_finite.any():
        raise ValueError(
            f"{name(int(not_finite.argmax()))} has NaN or infinite values (in total "
            f"{np.count_nonzero(not_finite)} of {len(images)} images); all values must be finite"
        )
    outside = (lowest < 0) | (highest > 1)
    if outside.any():
        raise ValueError(
            f"{name(int(outside.argmax()))} is outside [0, 1], the range of float images; the "
            f"values found are from {lowest.min():g} to {highest.max():g}. Scale them with "
            f"(x - low) / (high - low), such as x / 255, or (x + 1) / 2 from [-1, 1]"
        )
