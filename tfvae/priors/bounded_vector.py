"""Arguments that are one number, or one per latent dimension or component."""

from collections.abc import Sequence

import numpy as np

from tfvae.heads.diagonal_normal import MAX_LOG_VARIANCE

# Range of `bounded_stddev`.
SMALLEST_SCALE = float(np.exp(-MAX_LOG_VARIANCE / 2))
LARGEST_SCALE = float(np.exp(MAX_LOG_VARIANCE / 2))


def bounded_vector(
    argument: str,
    value: float | Sequence[float],
    size: int,
    low: float = SMALLEST_SCALE,
    high: float = LARGEST_SCALE,
    of: str = "dimensions",
) -> list[float]:
    """Broadcasts `value`, one number or `size` numbers, to a list of `size` numbers.

    Args:
        argument: name of the argument, for error messages.
        value: value of the argument.
        size: length of the result.
        low: minimum.
        high: maximum.
        of: name of the entries, for error messages.

    Raises:
        ValueError: if the length is wrong, or a value is outside [low, high].
    """
    array = np.asarray(value, float)
    if array.shape not in ((), (size,)):
        raise ValueError(
            f"{argument} has shape {list(array.shape)}; give one number, or one for each of the "
            f"{size} {of}"
        )
    wrong = array[~((array >= low) & (array <= high))]  # NaN is outside too
    if wrong.size:
        raise ValueError(f"{argument} is {wrong[0]:g}; it must be from {low:.3g} to {high:.3g}")
    return np.broadcast_to(array, [size]).tolist()
