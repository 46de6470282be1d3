import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats
from tensorflow_probability import distributions as tfd

from tfvae.estimators import aggregate_posterior, batch_covariance, maximum_mean_discrepancy
from tfvae.global_batch import Rows

GENERATOR = np.random.default_rng(0)
MEAN = GENERATOR.normal(size=(6, 2)).astype(np.float32)
STDDEV = GENERATOR.uniform(0.3, 1.0, size=(6, 2)).astype(np.float32)
Z = GENERATOR.normal(size=(3, 4, 2)).astype(np.float32)  # k, b, d


def rows(first, local, total):
    return Rows(*(tf.constant(value, tf.int64) for value in (first, local, total)))


def test_pairs_are_every_sample_under_every_posterior():
    q = tfd.MultivariateNormalDiag(MEAN, STDDEV)
    each = stats.norm.logpdf(Z[:, :, None], MEAN, STDDEV)
    np.testing.assert_allclose(
        aggregate_posterior.marginal_log_density_pairs(q, tf.constant(Z)), each, rtol=1e-4
    )
    np.testing.assert_allclose(
        aggregate_posterior.log_density_pairs(q, tf.constant(Z)), each.sum(-1), rtol=1e-4
    )


def test_marginals_of_a_full_covariance_are_those_of_its_diagonal():
    factor = np.array([[1.0, 0.0], [0.8, 0.6]], np.float32)
    marginal = aggregate_posterior.marginals(tfd.MultivariateNormalTriL(MEAN, factor))
    np.testing.assert_allclose(marginal.stddev(), np.ones((6, 2)), rtol=1e-6)
    with pytest.raises(TypeError, match="marginal densities are not known"):
        aggregate_posterior.marginals(tfd.Dirichlet([1.0, 1.0]))


@pytest.mark.parametrize(("batch", "size"), [(5, 100), (5, 5), (2, 7), (1, 7)])
def test_stratified_weights_of_each_row_sum_to_one(batch, size):
    weights = np.exp(aggregate_posterior.log_weights("mss", rows(0, batch, batch), size))
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-6)
    if batch > 1:
        np.testing.assert_allclose(np.diag(weights), 1 / size, rtol=1e-6)


def test_stratified_estimate_of_the_density_is_unbiased():
    # Over all batches of 3 of 6 that hold example 0, the weighted density is q(z) on average.
    density = stats.norm.pdf(Z[0, 0], MEAN, STDDEV).prod(axis=1)
    weights = np.exp(aggregate_posterior.log_weights("mss", rows(0, 3, 3), 6))[0]
    estimates = [weights @ density[[0, i, j]] for i in range(1, 6) for j in range(1, 6) if i != j]
    assert np.mean(estimates) == pytest.approx(density.mean(), rel=1e-5)


def test_weights_of_a_replica_are_its_rows_of_the_whole():
    for estimator in aggregate_posterior.ESTIMATORS:
        whole = aggregate_posterior.log_weights(estimator, rows(0, 5, 5), 50)
        part = aggregate_posterior.log_weights(estimator, rows(3, 2, 5), 50)
        np.testing.assert_array_equal(part, whole[3:])


def test_exact_density_is_that_of_the_mixture():
    q = tfd.MultivariateNormalDiag(MEAN, STDDEV)
    weights = aggregate_posterior.log_weights("exact", rows(0, 4, 6), 6)
    pairs = aggregate_posterior.log_density_pairs(q, tf.constant(Z))
    expected = special.logsumexp(pairs, axis=2) - np.log(6)
    np.testing.assert_allclose(tf.reduce_logsumexp(pairs + weights, axis=2), expected, rtol=1e-5)


def test_covariance_is_numpys():
    np.testing.assert_allclose(batch_covariance(MEAN), np.cov(MEAN.T, ddof=0), rtol=1e-5)


@pytest.mark.parametrize("kernel", ["gaussian", "inverse_multiquadratic"])
def test_discrepancy_is_zero_on_average_of_one_distribution_and_rises_with_distance(kernel):
    def estimate(shift, number):
        x, y = np.random.default_rng(number).normal(size=(2, 50, 3)).astype(np.float32)
        return float(maximum_mean_discrepancy(x, y + shift, kernel))

    same = [estimate(0.0, number) for number in range(60)]
    assert abs(np.mean(same)) < 4 * np.std(same) / np.sqrt(len(same))
    assert min(same) < 0 < max(same)
    assert np.mean(same) + 3 * np.std(same) < estimate(1.0, 0) < estimate(2.0, 0)


def test_gaussian_discrepancy_has_its_closed_form():
    # E exp(-|u|^2 / d) of u ~ N(m, s I) is (1 + 2 s / d)^(-d / 2) exp(-|m|^2 / (d + 2 s)).
    x, y = np.random.default_rng(1).normal(size=(2, 3000, 2)).astype(np.float32)
    expected = 2 * (1 / 3) * (1 - np.exp(-1.0 / 6))  # d = 2, s = 2, |m| = 1
    estimate = maximum_mean_discrepancy(x, y + np.float32([1.0, 0.0]))
    assert float(estimate) == pytest.approx(expected, rel=0.1)
