import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from tensorflow_probability import distributions as tfd

from tfvae import heads, priors

PRIOR = priors.StandardNormal(3)


def test_diagonal_normal_is_mean_then_log_variance():
    params = np.random.default_rng(0).normal(size=(2, 6)).astype(np.float32)
    q = heads.DiagonalNormal(3)(tf.constant(params))
    mean, variance = params[:, :3], np.exp(params[:, 3:])
    np.testing.assert_allclose(q.mean(), mean)
    np.testing.assert_allclose(q.variance(), variance, rtol=1e-5)
    closed = 0.5 * np.sum(mean**2 + variance - 1 - params[:, 3:], axis=-1)
    np.testing.assert_allclose(tfd.kl_divergence(q, PRIOR()), closed, rtol=1e-4)


def test_extreme_log_variances_are_bounded():
    q = heads.DiagonalNormal(1)(tf.constant([[0.0, 1e6], [0.0, -1e6]]))
    np.testing.assert_allclose(q.stddev()[:, 0], [np.exp(8), np.exp(-8)], rtol=1e-5)
    assert np.isfinite(tfd.kl_divergence(q, priors.StandardNormal(1)())).all()


@pytest.mark.parametrize("size", [1, 2, 3])
def test_full_covariance_uses_its_triangular_factor(size):
    head = heads.FullCovarianceNormal(size)
    params = np.random.default_rng(size).normal(size=(2, head.params_size)).astype(np.float32)
    q = head(tf.constant(params))
    for row, covariance in zip(params, q.covariance().numpy(), strict=True):
        factor = np.diag(np.exp(row[size : 2 * size] / 2))
        if size > 1:
            factor[1:, :-1] += tfp.math.fill_triangular(row[2 * size :]).numpy()
        np.testing.assert_allclose(covariance, factor @ factor.T, rtol=1e-4, atol=1e-5)
        log_determinant = row[size : 2 * size].sum()  # L's diagonal alone
        np.testing.assert_allclose(
            np.linalg.slogdet(covariance)[1], log_determinant, rtol=1e-3, atol=1e-3
        )


def test_full_covariance_kl_to_the_standard_normal():
    head = heads.FullCovarianceNormal(3)
    params = 0.5 * np.random.default_rng(1).normal(size=(4, head.params_size)).astype(np.float32)
    q = head(tf.constant(params))
    mean, covariance = q.mean().numpy(), q.covariance().numpy()
    closed = 0.5 * (
        np.trace(covariance, axis1=1, axis2=2)
        + np.sum(mean**2, -1)
        - 3
        - np.linalg.slogdet(covariance)[1]
    )
    np.testing.assert_allclose(tfd.kl_divergence(q, PRIOR()), closed, rtol=1e-3)


@pytest.mark.parametrize("head", [heads.DiagonalNormal(3), heads.FullCovarianceNormal(3)])
def test_leading_axes_are_the_batch(head):
    params = np.random.default_rng(0).normal(size=(2, 4, head.params_size)).astype(np.float32)
    q = head(tf.constant(params))
    assert q.batch_shape == [2, 4]
    z = tf.ones([2, 4, 3])
    np.testing.assert_allclose(
        q.log_prob(z)[1], head(tf.constant(params[1])).log_prob(z[1]), rtol=1e-5
    )


@pytest.mark.parametrize("layer", [heads.DiagonalNormal(3), heads.FullCovarianceNormal(2), PRIOR])
def test_config_round_trip(layer):
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(copy) is type(layer)
    assert copy.get_config() == layer.get_config()


def test_standard_normal_prior():
    p = PRIOR()
    assert p.batch_shape == []
    np.testing.assert_allclose(p.log_prob(tf.zeros(3)), -1.5 * np.log(2 * np.pi), rtol=1e-6)
    with pytest.raises(ValueError, match="size is 0; it must be above 0"):
        priors.StandardNormal(0)
