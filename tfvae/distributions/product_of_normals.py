"""Product of normal experts."""

from collections.abc import Sequence

import tensorflow as tf
from tensorflow_probability import distributions as tfd


def product_of_normals(
    experts: Sequence[tfd.Distribution], powers: Sequence[tf.Tensor | float] | None = None
) -> tfd.MultivariateNormalDiag:
    """Returns the renormalised product of normals of diagonal covariance, a normal itself.

    Its precision is the sum of theirs, its mean theirs weighted by precision.

    Args:
        experts: `tfd.MultivariateNormalDiag`s of one event shape [d], batch shapes that broadcast.
        powers: to which each expert is raised, a number or [B]; 1 where None. An expert to the
            power of 0 says nothing.
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
