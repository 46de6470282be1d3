import math
import types

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae import evaluation

PRIOR = tfd.MultivariateNormalDiag(tf.zeros(2), tf.ones(2))


def normal(means, stddev: float):
    means = tf.constant(means, tf.float32)
    return tfd.MultivariateNormalDiag(means, stddev * tf.ones_like(means))


def closed_kl(means, stddev: float) -> float:
    squares = np.square(means).sum(axis=1).mean()
    return 0.5 * (squares + 2 * (stddev**2 - 1 - math.log(stddev**2)))


@pytest.mark.parametrize(
    ("means", "information", "total_correlation"),
    [
        ([[0.3, -0.7]] * 7, 0.0, 0.0),
        ([[-5.0, -5.0], [5.0, 5.0]], math.log(2), math.log(2)),  # one bit, in both dimensions
        ([[-5.0, 0.0], [5.0, 0.0]], math.log(2), 0.0),
        ([[-5.0, -5.0], [-5.0, 5.0], [5.0, -5.0], [5.0, 5.0]], math.log(4), 0.0),
    ],
)
def test_parts_are_the_closed_forms(means, information, total_correlation):
    parts = evaluation.decompose_kl([normal(means, 0.5)], PRIOR)
    assert parts.mutual_information == pytest.approx(information, abs=1e-3)
    assert parts.total_correlation == pytest.approx(total_correlation, abs=1e-3)
    assert parts.kl == pytest.approx(closed_kl(means, 0.5), abs=0.1)
    assert sum(parts[1:]) == pytest.approx(parts.kl, abs=1e-3)


def test_total_correlation_of_a_nearly_normal_aggregate():
    covariance = np.array([[0.75, 0.6], [0.6, 0.75]])
    means = np.random.default_rng(0).multivariate_normal([0, 0], covariance, 4000)
    parts = evaluation.decompose_kl([normal(means, 0.5)], PRIOR, num_points=4000)
    assert parts.total_correlation == pytest.approx(-0.5 * math.log(1 - 0.6**2), abs=0.03)
    assert parts.dimension_wise_kl == pytest.approx(0.0, abs=0.03)  # marginals are N(0, 1)


def test_a_posterior_with_correlated_dimensions_has_total_correlation():
    covariance = tf.constant([[[1.0, 0.8], [0.8, 1.0]]])
    q = tfd.MultivariateNormalTriL(tf.zeros([1, 2]), tf.linalg.cholesky(covariance))
    parts = evaluation.decompose_kl([q], PRIOR, num_points=20_000)
    assert parts.mutual_information == pytest.approx(0, abs=1e-4)
    assert parts.total_correlation == pytest.approx(-0.5 * math.log(1 - 0.8**2), abs=0.02)


def test_batches_and_memory_change_nothing():
    means = np.random.default_rng(0).normal(size=(10, 2))
    whole = evaluation.decompose_kl([normal(means, 0.5)], PRIOR, num_points=25)
    parts = [normal(means[:3], 0.5), normal(means[3:], 0.5)]
    split = evaluation.decompose_kl(parts, PRIOR, num_points=25, memory_budget=1)
    np.testing.assert_allclose(split, whole, atol=1e-5)
    assert evaluation.decompose_kl(parts, PRIOR, num_points=25, seed=1) != split


def test_model_is_taken_over_all_rows(tiny_model, images):
    model = tiny_model()
    parts = evaluation.kl_decomposition(model, images, num_points=2000)
    assert parts == evaluation.decompose_kl([model.encode(images)], model.prior(), 2000)
    assert 0 <= parts.mutual_information <= math.log(len(images))


def test_laplace_posteriors_and_priors():
    def laplace(location):
        return tfd.Independent(tfd.Laplace(tf.constant(location), 1.0), 1)

    parts = evaluation.decompose_kl([laplace([[0.0, 50.0], [0.0, 0.0]])], laplace([0.0, 0.0]))
    assert parts.mutual_information == pytest.approx(math.log(2), abs=1e-3)


def test_what_cannot_be_taken_apart_is_refused():
    q = normal([[0.0, 0.0]], 1.0)
    mixture = tfd.MixtureSameFamily(tfd.Categorical([0.0, 0.0]), normal([[1.0, 1], [0, 0]], 1.0))
    with pytest.raises(ValueError, match="prior gives MixtureSameFamily; its dimensions"):
        evaluation.decompose_kl([q], mixture)
    correlated = tfd.MultivariateNormalTriL(tf.zeros(2), [[1.0, 0.0], [0.8, 0.6]])
    with pytest.raises(ValueError, match=r"such as tfvae\.priors\.StandardNormal"):
        evaluation.decompose_kl([q], correlated)
    with pytest.raises(ValueError, match="marginal densities are not known"):
        evaluation.decompose_kl([mixture], PRIOR)
    with pytest.raises(ValueError, match="num_points is 0; it must be at least 1"):
        evaluation.decompose_kl([q], PRIOR, num_points=0)
    with pytest.raises(ValueError, match="memory_budget is 0; it must be at least 1"):
        evaluation.decompose_kl([q], PRIOR, memory_budget=0)
    with pytest.raises(ValueError, match="x has 0 rows"):
        evaluation.kl_decomposition(types.SimpleNamespace(), tf.zeros([0, 2]))


def test_data_and_weights_that_are_no_numbers_are_named(tiny_model, images):
    model = tiny_model()
    with pytest.raises(ValueError, match="images range from 0 to 255; the likelihood needs"):
        evaluation.kl_decomposition(model, 255 * images)
    means = [[0.0, 0.0], [math.nan, 0.0], [1.0, 1.0]]
    with pytest.raises(ValueError, match=r"1 of 3 examples are NaN.*, first of example 1:"):
        evaluation.decompose_kl([normal(means, 1.0)], PRIOR)
