"""Product of normal experts."""

from collections.abc import Sequence

import tensorflow as tf
from tensorflow_probability import distributions as tfd


def product_of_normals(experts: Sequence[tfd.Distribution]) -> tfd.MultivariateNormalDiag:
    """Returns the renormalised product of normals of diagonal covariance, a normal itself.

    Its precision is the sum of theirs, its mean theirs weighted by precision.

    Args:
        experts: `tfd.MultivariateNormalDiag`s of one event shape [d], batch shapes that broadcast.
    """
    precisions = [1.0 / tf.square(expert.stddev()) for expert in experts]
    total = tf.add_n(precisions)
    weighted = [p * expert.mean() for p, expert in zip(precisions, experts, strict=True)]
    return tfd.MultivariateNormalDiag(tf.add_n(weighted) / total, tf.math.rsqrt(total))
