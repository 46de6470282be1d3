"""The values that pixels may have: 8 bits, or float in [0, 1]."""

from collections.abc import Callable

import numpy as np

# Multiplied, because graph optimisation turns a division into this, and eager calls do not.
SCALE_8_BIT = np.float32(1 / 255)


def check_float_images(images: np.ndarray, name: Callable[[int], str]) -> None:
    """Checks that float images are finite and in [0, 1].

    Args:
        images: float [n, H, W, C].
        name: gives what an error calls image i.

    Raises:
        ValueError: for NaN, infinity or values outside [0, 1], naming the first image with them.
    """
    flat = images.reshape(len(images), -1)
    lowest, highest = flat.min(axis=1), flat.max(axis=1)  # NaN where an image has any
    not_finite = ~(np.isfinite(lowest) & np.isfinite(highest))
    if not_finite.any():
        raise ValueError(
            f"{name(int(not_finite.argmax()))} has NaN or infinite values, as have "
            f"{np.count_nonzero(not_finite)} of {len(images)} images; all values must be finite"
        )
    outside = (lowest < 0) | (highest > 1)
    if outside.any():
        raise ValueError(
            f"{name(int(outside.argmax()))} is outside [0, 1], where float images must be; the "
            f"values of all found are from {lowest.min():g} to {highest.max():g}. Scale them with "
            f"(x - low) / (high - low), such as x / 255, or (x + 1) / 2 from [-1, 1]"
        )
