import math

import numpy as np
import pytest
import tensorflow as tf

from tfvae.estimators import accumulate_log_sum_exp, log_mean_exp

LOG_WEIGHTS = np.random.default_rng(0).normal(0, 5, (7, 3)).astype(np.float32)


@pytest.mark.parametrize("shift", [0.0, -2000.0, 2000.0])  # exp of these is 0 or infinite
def test_log_mean_exp_is_shifted_by_a_constant(shift):
    expected = shift + np.log(np.exp(LOG_WEIGHTS, dtype=np.float64).mean(0))
    np.testing.assert_allclose(log_mean_exp(LOG_WEIGHTS + np.float32(shift)), expected, atol=3e-4)


def test_gradient_is_the_normalised_weights():
    log_weights = tf.constant(LOG_WEIGHTS)
    with tf.GradientTape() as tape:
        tape.watch(log_weights)
        bound = log_mean_exp(log_weights)
    weights = np.exp(LOG_WEIGHTS, dtype=np.float64)
    np.testing.assert_allclose(
        tape.gradient(bound, log_weights), weights / weights.sum(0), rtol=1e-4, atol=1e-7
    )


def test_chunks_add_up():
    log_sum = tf.fill([3], -math.inf)
    for chunk in (LOG_WEIGHTS[:2], np.full([2, 3], -math.inf, np.float32), LOG_WEIGHTS[2:]):
        log_sum = accumulate_log_sum_exp(log_sum, chunk)
    np.testing.assert_allclose(log_sum - math.log(7), log_mean_exp(LOG_WEIGHTS), rtol=1e-5)


def test_nothing_added_to_nothing_is_nothing():
    nothing = tf.fill([2], -math.inf)
    np.testing.assert_array_equal(accumulate_log_sum_exp(nothing, nothing[None]), nothing)
