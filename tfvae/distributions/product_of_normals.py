"""Product of normal experts."""

from collections.abc import Sequence

import tensorflow as tf
from tensorflow_probability import distributions as tfd


def product_of_normals(
    experts: Sequence[tfd.Distribution], powers: Sequence[tf.Tensor | float] | None = None
) -> tfd.MultivariateNormalDiag:
    """Returns the normalised product of normals with diagonal covariance, which is also a normal.

    Its precision is the sum of the experts' precisions, its mean their precision-weighted mean.

    Args:
        experts: `tfd.MultivariateNormalDiag`s with the same event shape [d] and batch shapes that
            broadcast.
        powers: exponent of each expert, a number or [B]; 1 if None. An expert with power 0 has no
            effect.
    """
    precisions = [1.0 / tf.square(expert.stddev()) for expert in experts]
    if powers is not None:
        precisions = [
            precision * tf.convert_to_tensor(power)[..., tf.newaxis]
            for precision, power in zip(precisions, powers, strict=True)
        ]
    total = sum(precisions)
    weighted = sum(p * expert.mean() for p, expert in zip(precisions, experts, strict=True))
    return tfd.MultivariateNormalDiag(weighted / total, tf.math.rsqrt(total))
