import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from tfvae.evaluation import bidirectional, rate_distortion


def log_evidence(case, x):
    covariance = case.weights.T @ case.weights + case.scale**2 * np.eye(3)
    return tfp.distributions.MultivariateNormalTriL(
        case.bias, np.linalg.cholesky(covariance)
    ).log_prob(tf.cast(x, tf.float64))


def test_bounds_bracket_the_truth_and_close_with_more_steps(linear_gaussian):
    case = linear_gaussian()
    gaps = []
    for steps in (2, 60):
        bounds = bidirectional(case.model, 60, steps, num_chains=4, num_leapfrog_steps=3)
        truth = log_evidence(case, bounds.x)
        below, above = truth - bounds.lower, bounds.upper - truth
        for gap in (below, above):
            assert np.mean(gap) > -3 * np.std(gap) / np.sqrt(60)
        np.testing.assert_allclose(below + above, bounds.gap, atol=1e-5)
        gaps.append(bounds.gap.mean())
    assert gaps[0] > 0.5
    assert abs(gaps[1]) < 0.1


def test_examples_are_the_models_own_and_of_the_seed(linear_gaussian):
    case = linear_gaussian()
    few = {"num_steps": 2, "num_chains": 1, "num_leapfrog_steps": 1}
    first, again, other = (bidirectional(case.model, 400, **few, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(first.x, again.x)
    np.testing.assert_array_equal(first.gap, again.gap)
    assert np.abs(first.x - other.x).min() > 0
    covariance = case.weights.T @ case.weights + case.scale**2 * np.eye(3)
    np.testing.assert_allclose(np.cov(first.x, rowvar=False), covariance, atol=0.8)
    with pytest.raises(ValueError, match="num_examples is 0; it must be at least 1"):
        bidirectional(case.model, 0)


def test_a_curve_of_no_numbers_is_refused(linear_gaussian):
    case = linear_gaussian()
    kernel, bias = case.model.decoder.layers[0].get_weights()
    case.model.decoder.layers[0].set_weights([kernel, bias * np.nan])
    with pytest.raises(ValueError, match="likelihoods of 5 of 5 examples are NaN or infinite"):
        rate_distortion(case.model, case.x, 2, 2, 1)


def test_rate_and_distortion_are_the_closed_forms(linear_gaussian):
    case = linear_gaussian()
    curve = rate_distortion(case.model, tf.repeat(case.x, 8, axis=0), 60, 32, 5)
    x, variance = case.x.numpy(), case.scale**2
    for i in (5, 20, 30, 40, 59):
        b = curve.temperature[i]
        precision = np.eye(2) + b * case.weights @ case.weights.T / variance
        covariance = np.linalg.inv(precision)
        mean = (x - case.bias) @ case.weights.T @ covariance * b / variance
        residual = x - case.bias - mean @ case.weights
        spread = np.trace(case.weights.T @ covariance @ case.weights)
        distortion = np.mean((residual**2).sum(axis=1) + spread) / variance / 2
        distortion += 1.5 * np.log(2 * np.pi * variance)
        rate = np.mean((mean**2).sum(axis=1)) + np.trace(covariance) - 2
        rate = (rate + np.linalg.slogdet(precision)[1]) / 2
        assert curve.distortion[i] == pytest.approx(distortion, abs=0.1)
        assert curve.rate[i] == pytest.approx(rate, abs=0.1)
    assert curve.rate[-1] + curve.distortion[-1] == pytest.approx(
        -case.log_evidence.mean(), abs=0.02
    )
