import keras
import numpy as np
import pytest
import tensorflow as tf

import tfvae
from tests.priors.prior_cases import PRIORS, make_prior
from tfvae import noise, priors

every_prior = pytest.mark.parametrize("name", PRIORS)


@every_prior
def test_config_round_trip(name):
    prior = make_prior(name)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(prior))
    assert type(copy) is type(prior)
    assert copy.get_config() == prior.get_config()


@every_prior
def test_importance_weights_average_to_the_integral_over_the_prior(name, tiny_model, images):
    prior = priors.VampPrior(2, 4, data=images) if name == "VampPrior" else make_prior(name)
    model = tiny_model(prior=prior)
    model.encoder.layers[-1].bias.assign([0.0, 0.0, 1.0, 1.0])  # wide enough for any prior
    step = 0.05
    axis = np.arange(-9, 9, step, np.float32)
    z = tf.constant(np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2))
    log_joint = model.decode(z).log_prob(images[0]) + model.prior().log_prob(z)
    evidence = np.sum(np.exp(log_joint)) * step**2
    weights = np.exp(model.log_weights(images[:1], noise.seed_rows(0, 1), 20_000))
    error = weights.std() / np.sqrt(len(weights))
    assert abs(weights.mean() - evidence) < 4.5 * error < 0.5 * evidence


def test_principal_scales_are_the_data_s():
    generator = np.random.default_rng(0)
    rotation = np.linalg.qr(generator.normal(size=(5, 5)))[0]
    stddev = np.array([3.0, 2.0, 1.0, 0.1, 0.1])
    data = generator.normal(size=(8000, 5)) * stddev @ rotation + 7.0
    expected = stddev[:3] / np.sqrt(np.mean(stddev[:3] ** 2))
    np.testing.assert_allclose(priors.principal_scales(data, 3), expected, rtol=0.05)
    images = tfvae.data.Arrays(np.clip(data.reshape(8000, 5, 1, 1) / 30, 0, 1))
    prior = priors.AnisotropicNormal(3, data=images)
    np.testing.assert_allclose(prior.scales, expected, rtol=0.05)
    np.testing.assert_allclose(prior().stddev(), prior.scales, rtol=1e-6)


def test_normal_priors_keep_the_closed_form_of_the_kl(tiny_model, images):
    model = tiny_model(prior=priors.AnisotropicNormal(2, scales=[0.5, 1.5]))
    bound = model.bound(images, noise.seed_rows(0, 16))
    other = model.bound(images, noise.seed_rows(1, 16))
    np.testing.assert_array_equal(bound.kl, other.kl)


def test_flow_starts_as_the_standard_normal():
    z = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    expected = priors.StandardNormal(3)().log_prob(z)
    np.testing.assert_allclose(priors.FlowPrior(3)().log_prob(z), expected, rtol=1e-5)


def test_vamp_prior_is_the_mixture_of_the_model_s_posteriors(tiny_model, images):
    model = tiny_model(prior=priors.VampPrior(2, 4, data=images))
    assert len(model.variables) == len(tiny_model().variables) + 1  # the encoder's, once
    np.testing.assert_array_equal(model.prior.pseudo_inputs, images[[0, 5, 10, 15]])
    z = tf.constant([[0.3, -0.2], [1.0, 2.0]])
    each = model.encode(images[[0, 5, 10, 15]]).log_prob(z[:, None])
    expected = tf.reduce_logsumexp(each, axis=1) - np.log(4)
    np.testing.assert_allclose(model.prior().log_prob(z), expected, rtol=1e-5)


def test_pseudo_inputs_stay_within_the_likelihood_s_support(tiny_model, images):
    model = tiny_model(prior=priors.VampPrior(2, 4))
    start = model.prior.pseudo_inputs.numpy()
    assert 0 <= start.min() < 0.2 and 0.8 < start.max() <= 1
    model.compile(keras.optimizers.SGD(1e4), seed=0)
    model.fit(images, epochs=1, verbose=0)
    moved = model.prior.pseudo_inputs.numpy()
    assert np.any(moved != start)
    assert moved.min() >= 0 and moved.max() <= 1


def test_memory_budget_counts_the_components_of_a_mixture(tiny_model, images):
    model = tiny_model(prior=priors.VampPrior(2, 400))  # 800 values a density, 16 an image
    with pytest.raises(ValueError, match="one sample of one example needs 12800"):
        tfvae.evaluation.log_likelihood(model, images[:1], 5, memory_budget=12_799)
    split = tfvae.evaluation.log_likelihood(model, images[:1], 5, memory_budget=12_800)
    np.testing.assert_allclose(split, model.log_likelihood(images[:1], 5), rtol=1e-5)


IMAGES = np.zeros((3, 4, 4, 1), np.float32)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: priors.AnisotropicNormal(0, 1.0), "size is 0; it must be above 0"),
        (lambda: priors.AnisotropicNormal(2), "scales is None; give scales, or data"),
        (lambda: priors.AnisotropicNormal(2, [1.0, 0.0]), "scales is 0; it must be from 0.000335"),
        (
            lambda: priors.AnisotropicNormal(2, [1.0] * 3),
            r"shape \[3\].*each of the 2 dimensions",
        ),
        (lambda: priors.principal_scales(IMAGES, 2), "size is 2; 3 examples of 16 .* 0 directions"),
        (lambda: priors.StudentT(2, 0.1), "degrees_of_freedom is 0.1; it must be from 0.2 to 1e"),
        (lambda: priors.StudentT(2, float("nan")), "degrees_of_freedom is nan"),
        (lambda: priors.Laplace(2, -1.0), "scale is -1; it must be from"),
        (lambda: priors.SparseMixture(2, 1.0), "spike_weight is 1.0; it must be between 0 and 1"),
        (lambda: priors.SparseMixture(2, 0.5, 2.0), "spike_scale is 2.0; it must be below slab"),
        (lambda: priors.NormalMixture(2, [[1.0]]), r"means has shape \[1, 1\].*\[K, 2\]"),
        (lambda: priors.NormalMixture(1, [[1.0]], weights=[0.0]), "weights is 0; it must be from"),
        (
            lambda: priors.NormalMixture(1, [[1.0]], [1, 2]),
            r"shape \[2\].*the 1 components",
        ),
        (lambda: priors.FlowPrior(1), "size is 1; a coupling needs at least 2 dimensions"),
        (
            lambda: priors.VampPrior(2, 4, IMAGES),
            "num_pseudo_inputs is 4; the initial data .* 3 ex",
        ),
        (priors.VampPrior(2), "needs an encoder: pass it to a model as its prior"),
    ],
)
def test_mistakes_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_vamp_prior_belongs_to_one_model_of_its_data(tiny_model):
    with pytest.raises(ValueError, match=r"shape \[2, 2, 1\]; the model needs \[4, 4, 1\]"):
        tiny_model(prior=priors.VampPrior(2, 1, data=IMAGES[:, :2, :2]))
    prior = priors.VampPrior(2, 4)
    tiny_model(prior=prior)
    with pytest.raises(ValueError, match="is already the prior of a model; create another one"):
        tiny_model(prior=prior)
