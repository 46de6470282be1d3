import types

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

import tfvae
from tests.priors.prior_cases import PRIORS, make_prior
from tfvae import noise
from tfvae.distributions.sampling import sample_with_seeds
from tfvae.evaluation import checks, mean_log_likelihood
from tfvae.evaluation.normalisation import log_normaliser, require_normalised_prior


class Doubled(tfd.MultivariateNormalDiag):
    """A normal with twice the density, as if a factor of 1/2 had been forgotten."""

    def _log_prob(self, value):
        return super()._log_prob(value) + np.log(2.0)


def doubled():
    return Doubled(tf.zeros(2), tf.ones(2))


class Energy(tfd.Distribution):
    """A density up to a constant."""

    def __init__(self):
        super().__init__(tf.float32, tfd.NOT_REPARAMETERIZED, True, True)

    def _unnormalized_log_prob(self, value):
        return -tf.reduce_sum(value**4, axis=-1)

    def _event_shape(self):
        return tf.TensorShape([2])

    def _batch_shape(self):
        return tf.TensorShape([])


def energy():
    return Energy()


@pytest.mark.parametrize(
    "prior", [tfvae.priors.StandardNormal(20), tfvae.priors.StudentT(3, 5.0)], ids=["normal", "t"]
)
def test_a_constant_is_found_within_the_standard_error(prior):
    estimates = []
    for seed in range(20):
        draws = sample_with_seeds(prior(), noise.seed_rows(seed, 1000))[0].numpy()
        estimates.append(log_normaliser(lambda z: prior().log_prob(z) + 1.5, draws, seed))
    logs, errors = np.transpose(estimates)
    assert np.mean(logs) == pytest.approx(1.5, abs=4 * np.std(logs) / np.sqrt(20))
    assert np.mean(errors) == pytest.approx(np.std(logs), rel=0.5)


def test_unnormalised_priors_are_refused(tiny_model, images):
    model = tiny_model(prior=doubled)
    with pytest.raises(
        ValueError, match=r"prior gives \w+, and its density integrates to (2|1\.9)"
    ):
        mean_log_likelihood(model, images, num_samples=2)
    with pytest.raises(ValueError, match="normalise its log_prob, or every likelihood is off by"):
        model.log_likelihood(images, num_samples=2)
    with pytest.raises(
        ValueError, match=r"prior energy gives \w+, which has no known normalising constant"
    ):
        checks.require_densities(tiny_model(prior=energy))


@pytest.mark.parametrize("name", PRIORS)
def test_priors_of_the_package_are_taken(name):
    prior = make_prior(name)
    model = types.SimpleNamespace(
        prior=prior, sample_latent=lambda seeds: sample_with_seeds(prior(), seeds)[0]
    )
    require_normalised_prior(model)
    checks.require_continuous(prior())
