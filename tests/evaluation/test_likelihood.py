import math

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

import tfvae
from tfvae import noise
from tfvae.evaluation import log_likelihood
from tfvae.evaluation.likelihood import bytes_per_sample, chunk_shape


@pytest.mark.parametrize("num_samples", [1, 3, 50])
def test_exact_posterior_gives_the_evidence_with_any_number_of_samples(
    linear_gaussian, num_samples
):
    case = linear_gaussian()
    estimate = case.model.log_likelihood(case.x, num_samples)
    np.testing.assert_allclose(estimate, case.log_evidence, atol=2e-4)


def test_inexact_posterior_approaches_the_evidence_from_below(linear_gaussian):
    case = linear_gaussian(exact=False)
    # 4,000 independent estimates for each of the five examples.
    seeds = noise.seed_rows(0, 5 * 4000)
    x = tf.repeat(case.x, 4000, axis=0)
    means = [
        np.reshape(log_likelihood(case.model, x, k, seeds), [5, 4000]).mean(1) for k in (1, 4, 16)
    ]
    gaps = [case.log_evidence - mean for mean in means]
    assert (gaps[0] > gaps[1]).all() and (gaps[1] > gaps[2]).all()
    assert (gaps[2] > -0.005).all()
    many = case.model.log_likelihood(case.x, 20_000)
    np.testing.assert_allclose(many, case.log_evidence, atol=0.02)
    # k = 1 is the ELBO; its gap is KL(q(z|x) || p(z|x)), known for two normals.
    truth = linear_gaussian()
    precision = np.linalg.inv(truth.covariance)
    error = case.mean - truth.mean
    kl = 0.5 * (
        np.trace(precision @ case.covariance)
        + np.einsum("bi,ij,bj->b", error, precision, error)
        - 2
        - np.linalg.slogdet(precision @ case.covariance)[1]
    )
    np.testing.assert_allclose(gaps[0], kl, atol=0.05)


def test_memory_budget_changes_nothing(linear_gaussian):
    case = linear_gaussian(exact=False)
    one_sample = bytes_per_sample(case.model, case.x)
    whole = log_likelihood(case.model, case.x, num_samples=10)
    # 1 and 3: chunks of samples, one example at a time; 20: two examples at a time; 40: all five.
    for samples in (1, 3, 20, 40):
        chunked = log_likelihood(case.model, case.x, 10, memory_budget=samples * one_sample)
        np.testing.assert_allclose(chunked, whole, rtol=1e-6)


def test_xla_gives_the_same_estimate(tiny_model, images):
    model = tiny_model()
    whole = log_likelihood(model, images, num_samples=10)
    compiled = log_likelihood(model, images, 10, memory_budget=20_000, jit_compile=True)
    np.testing.assert_allclose(compiled, whole, rtol=1e-5)


def test_rows_of_seeds_make_chunks_of_the_batch_the_whole(linear_gaussian):
    case = linear_gaussian(exact=False)
    whole = case.model.log_likelihood(case.x, 10, seed=7)
    rows = noise.seed_rows(7, 5)
    parts = [case.model.log_likelihood(case.x[s], 10, rows[s]) for s in (slice(2), slice(2, 5))]
    np.testing.assert_allclose(tf.concat(parts, 0), whole, rtol=1e-6)
    assert np.abs(case.model.log_likelihood(case.x, 10, seed=8) - whole).max() > 1e-3


def test_arrays_of_float64_are_taken(linear_gaussian):
    case = linear_gaussian()
    x = case.x.numpy().astype(np.float64)
    np.testing.assert_allclose(case.model.log_likelihood(x, 2), case.log_evidence, atol=2e-4)


def test_chunks_fill_the_budget_and_draw_few_samples_too_many():
    one = 1024
    assert chunk_shape(2, 5000, one, one * 2000 + 1) == (2, 1000)
    assert chunk_shape(2, 5000, one, one * 1998) == (2, 834)  # 6 x 834 = 5004, not 5994
    assert chunk_shape(1000, 50, one, one * 30) == (3, 10)  # eight samples, or more
    assert chunk_shape(1000, 2, one, one * 30) == (15, 2)
    assert chunk_shape(1000, 50, one, one * 10**6) == (100, 50)
    with pytest.raises(ValueError, match="is 100 bytes; one sample of one example needs 1024"):
        chunk_shape(2, 1, one, 100)


def test_a_budget_counts_what_is_larger_than_the_data(linear_gaussian):
    case = linear_gaussian()
    # Noise comes in blocks of 64 words of 8 bytes.
    with pytest.raises(ValueError, match="one sample of one example needs 2048"):
        log_likelihood(case.model, case.x, 2, memory_budget=2047)
    wide = tfvae.VAE(
        tfvae.networks.DenseEncoder(4, hidden=()),
        tfvae.networks.DenseDecoder((3,), hidden=(700,)),
        tfvae.heads.DiagonalNormal(2),
        tfvae.heads.Normal(1.0),
    )
    with pytest.raises(ValueError, match="one sample of one example needs 5600"):  # 2 x 700 x 4
        log_likelihood(wide, case.x, 2, memory_budget=5599)
    assert log_likelihood(wide, case.x, 2, memory_budget=5600).shape == [5]


def test_wrong_arguments_are_named(linear_gaussian):
    case = linear_gaussian()
    with pytest.raises(ValueError, match="num_samples is 0; it must be at least 1"):
        case.model.log_likelihood(case.x, 0)
    with pytest.raises(ValueError, match=r"images have shape \[4\]; the networks need \[3\]"):
        case.model.log_likelihood(tf.zeros([5, 4]))
    with pytest.raises(ValueError, match=r"seed has shape \(3, 2\).*\[5, 2\]"):
        case.model.log_likelihood(case.x, 2, seed=noise.seed_rows(0, 3))


def test_nan_weights_name_the_example(linear_gaussian, monkeypatch):
    case = linear_gaussian()
    log_weights = case.model.log_weights

    def broken(x, seeds, num_samples, first_sample=0):
        values = log_weights(x, seeds, num_samples, first_sample)
        row = tf.where(seeds[:, 1] == 3, math.nan, 0.0)  # of the third sample only
        return tf.concat([values[:2], values[2:] + row], axis=0)

    monkeypatch.setattr(case.model, "log_weights", broken)
    with pytest.raises(ValueError, match=r"weights of 1 of 5 examples are NaN.*of example 3:"):
        case.model.log_likelihood(case.x, 4)


def test_a_likelihood_without_density_is_named(tiny_model, images):
    class OfSamplesOnly(tfd.Distribution):
        def __init__(self, params):
            super().__init__(tf.float32, tfd.NOT_REPARAMETERIZED, True, True)
            self._params = params

        def _batch_shape(self):
            return self._params.shape[:1]

        def _event_shape(self):
            return self._params.shape[1:]

    class Implicit(tfvae.heads.Bernoulli):
        def distribution(self, params, batch_ndims=1):
            return OfSamplesOnly(params)

    with pytest.raises(ValueError, match="likelihood Implicit gives of_samples_only, which has no"):
        tiny_model(likelihood=Implicit()).log_likelihood(images, 2)


def test_a_bar_shows_the_examples(linear_gaussian, capsys):
    case = linear_gaussian()
    log_likelihood(case.model, case.x, 2, progress=True)
    assert "5/5" in capsys.readouterr().out
    log_likelihood(case.model, case.x, 2)
    assert capsys.readouterr().out == ""
