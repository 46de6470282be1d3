"""Arguments given once, or once for each latent dimension or component."""

from collections.abc import Sequence

import numpy as np

from tfvae.heads.diagonal_normal import MAX_LOG_VARIANCE

# The standard deviations that `bounded_stddev` can give.
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
    """Returns `value`, one number or `size` of them, as `size` numbers.

    Args:
        argument: name of the argument, for messages.
        value: what was given for it.
        size: how many there are.
        low: least valid number.
        high: greatest valid number.
        of: what there are `size` of, for messages.

    Raises:
        ValueError: for another number of values, or one outside [low, high].
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
