"""The aggregate posterior q(z) = E_x q(z|x), estimated from the posteriors of a batch.

Chen et al. 2018 (arXiv:1802.04942), appendix C: log q(z_i) is log sum_j w_ij q(z_i|x_j), with
weights w_ij that depend on how the batch represents the data set.
"""

import functools

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae.distributions.sampling import UnsuitableDistributionError
from tfvae.global_batch import Rows

ESTIMATORS = ("mws", "mss", "exact")


@functools.singledispatch
def marginals(q):
    """Returns the dimensions of q(z|x) one by one: q(z_j|x), batch [B, d], event [].

    Raises:
        UnsuitableDistributionError: if they are not known in closed form.
    """
    raise UnsuitableDistributionError(
        f"posterior gives {q.name} (a {type(q).__name__}); its marginal densities are not known: "
        "use tfvae.heads.DiagonalNormal or FullCovarianceNormal, or a tfd.Independent"
    )


@marginals.register(tfd.MultivariateNormalLinearOperator)
def _(q):
    return tfd.Normal(q.mean(), q.stddev())


@marginals.register(tfd.Independent)
def _(q):
    return q.distribution


def log_density_pairs(q, z: tf.Tensor) -> tf.Tensor:
    """Returns log q(z_i|x_j): samples z [k, b, d] under posteriors [B], [k, b, B]."""
    return q.log_prob(z[:, :, tf.newaxis])


def marginal_log_density_pairs(q, z: tf.Tensor) -> tf.Tensor:
    """Returns log q(z_id|x_j) of each dimension d: z [k, b, d], [k, b, B, d]."""
    return marginals(q).log_prob(z[:, :, tf.newaxis])


def log_weights(estimator: str, rows: Rows, dataset_size: int | None) -> tf.Tensor:
    """Returns log w_ij, [b, B], for this replica's rows i against the global batch's j.

    Args:
        estimator: "mws", minibatch weighted sampling: 1 / (N B); "mss", minibatch stratified
            sampling: 1 / N for the example itself, (N - M) / (N M) for the next one, 1 / M for
            the others, M = B - 1, so that each row sums to 1; "exact", if the batch is the whole
            data set: 1 / B.
        rows: the position of this replica's rows.
        dataset_size: N; 1 if None, for "mws" only.
    """
    batch = tf.cast(rows.total, tf.float32)
    size = tf.constant(dataset_size or 1, tf.float32)
    if estimator != "mss":
        uniform = batch if estimator == "exact" else size * batch
        return tf.fill([rows.local, rows.total], -tf.math.log(uniform))
    others = tf.maximum(batch - 1.0, 1.0)  # M; a batch of one has only the example itself
    example = tf.range(rows.first, rows.first + rows.local)
    itself = tf.one_hot(example, tf.cast(rows.total, tf.int32))
    following = tf.one_hot((example + 1) % rows.total, tf.cast(rows.total, tf.int32))
    stratum = (size - others) / (size * others)
    weights = itself / size + following * stratum + (1.0 - itself - following) / others
    weights = tf.where(rows.total > 1, weights, tf.ones_like(weights))
    return tf.math.log(weights)
