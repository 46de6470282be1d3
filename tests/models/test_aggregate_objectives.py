"""Objectives that use the aggregate posterior, against closed forms and plain NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats

import tfvae
from tfvae import noise
from tfvae.distributions.sampling import sample_with_seeds
from tfvae.schedules import Linear

SEEDS = noise.seed_rows(1, 16)


def terms_of(model, images, seeds=SEEDS, step=0):
    model.compile(keras.optimizers.SGD(0.0))
    model.optimizer.iterations.assign(step)
    return {k: np.asarray(v) for k, v in model.objective(images, seeds, training=True).items()}


@pytest.fixture
def parts(tiny_model, images):
    """Mean, stddev and the sample of each posterior, and the plain terms."""
    model = tiny_model()
    bound = model.bound(images, SEEDS)
    q = bound.posterior
    return q.mean().numpy(), q.stddev().numpy(), bound.latents[0].numpy(), terms_of(model, images)


def test_tc_decomposition_is_that_of_numpy(tiny_model, images, parts):
    mean, stddev, z, plain = parts
    each = stats.norm.logpdf(z[:, None], mean, stddev)  # [i, j, d]
    log_q_zx = np.diagonal(each.sum(-1))
    log_q_z = special.logsumexp(each.sum(-1), axis=1) - np.log(16)
    log_product = (special.logsumexp(each, axis=1) - np.log(16)).sum(-1)
    terms = terms_of(tiny_model(tfvae.BetaTCVAE, beta=3.0), images)
    expected = {
        "mutual_information": log_q_zx - log_q_z,
        "total_correlation": log_q_z - log_product,
        "dimension_wise_kl": log_product - stats.norm.logpdf(z).sum(-1),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(terms[name], value, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(
        terms["loss"],
        sum(expected.values()) + 2 * expected["total_correlation"] - plain["reconstruction"],
        rtol=1e-4,
    )


@pytest.mark.parametrize(
    "settings", [{"estimator": "mss", "dataset_size": 50}, {"dataset_size": 9}, {}]
)
def test_tc_parts_add_up_to_the_kl_for_every_estimator(tiny_model, images, parts, settings):
    mean, stddev, z, _ = parts
    terms = terms_of(tiny_model(tfvae.BetaTCVAE, beta=1.0, **settings), images)
    kl = (stats.norm.logpdf(z, mean, stddev) - stats.norm.logpdf(z)).sum(-1)
    names = ("mutual_information", "total_correlation", "dimension_wise_kl")
    np.testing.assert_allclose(sum(terms[name] for name in names), kl, rtol=1e-3, atol=1e-4)


def test_dip_penalty_is_of_the_covariance_of_means_or_of_samples(tiny_model, images, parts):
    mean, stddev, _, plain = parts
    of_means = np.cov(mean.T, ddof=0)
    of_samples = of_means + np.diag((stddev**2).mean(axis=0))
    for kind, c, lambda_d in (("I", of_means, 30.0), ("II", of_samples, 3.0)):
        terms = terms_of(tiny_model(tfvae.DIPVAE, kind=kind, lambda_off_diagonal=3.0), images)
        penalty = 3.0 * 2 * c[0, 1] ** 2 + lambda_d * ((np.diag(c) - 1) ** 2).sum()
        np.testing.assert_allclose(terms["covariance_penalty"], penalty, rtol=1e-4)
        np.testing.assert_allclose(terms["loss"], penalty - plain["elbo"], rtol=1e-5)


def test_info_vae_without_added_terms_is_the_vae(tiny_model, images, parts):
    terms = terms_of(tiny_model(tfvae.InfoVAE, alpha=0.0, lambda_mmd=1.0), images)
    np.testing.assert_allclose(terms["loss"], parts[3]["loss"], rtol=1e-6)
    more = terms_of(tiny_model(tfvae.InfoVAE, alpha=0.25, lambda_mmd=5.0), images)
    expected = 0.75 * more["kl"] + 4.25 * more["mmd"] - more["reconstruction"]
    np.testing.assert_allclose(more["loss"], expected, rtol=1e-5)
    assert np.all(more["mmd"] == more["mmd"][0]) and more["mmd"][0] != 0


def test_decomposition_estimates_the_kl_from_the_prior_to_the_aggregate(tiny_model, images, parts):
    mean, stddev, _, plain = parts
    model = tiny_model(tfvae.DecompositionVAE, alpha=Linear(0.0, 4.0, 10), beta=0.5)
    terms = terms_of(model, images, step=5)
    z = sample_with_seeds(model.prior(), noise.fold_in(SEEDS, "prior"))[0].numpy()
    log_density = stats.norm.logpdf(z[:, None], mean, stddev).sum(-1)
    divergence = stats.norm.logpdf(z).sum(-1) - special.logsumexp(log_density, axis=1) + np.log(16)
    np.testing.assert_allclose(terms["divergence"], divergence, rtol=1e-3, atol=1e-4)
    expected = 0.5 * plain["kl"] + 2.0 * divergence - plain["reconstruction"]
    np.testing.assert_allclose(terms["loss"], expected, rtol=1e-4)


def test_decomposition_divergence_is_the_kl_of_two_normals(linear_gaussian):
    # The posteriors do not depend on x, so q(z) is N(m, C) and the divergence has a closed form.
    case = linear_gaussian(cls=tfvae.DecompositionVAE, alpha=1.0)
    encoder = case.model.encoder.layers[-1]
    encoder.set_weights(
        [np.zeros_like(encoder.get_weights()[0]), np.array([0.5, -0.2, 0.3, 0.6, 0.4])]
    )
    case.model.compile(keras.optimizers.SGD(0.0))
    x = tf.repeat(case.x[:1], 20_000, axis=0)
    bound = case.model.bound(x[:1], noise.seed_rows(0, 1))
    z = sample_with_seeds(case.model.prior(), noise.seed_rows(0, 20_000))
    estimate = np.mean(case.model._kl(bound, z))
    exact = case.model.prior().kl_divergence(bound.posterior)[0]
    assert estimate == pytest.approx(float(exact), abs=0.03)


def test_adversarial_autoencoder_plays_samples_against_the_prior(tiny_model, images):
    discriminator = tfvae.networks.Discriminator((16,))
    model = tiny_model(
        tfvae.AdversarialAutoencoder, adversarial_weight=3.0, discriminator=discriminator
    )
    terms = terms_of(model, images)
    logit = model.log_density_ratio(model.bound(images, SEEDS).latents)[0]
    prior_logit = model.log_density_ratio(
        sample_with_seeds(model.prior(), noise.fold_in(SEEDS, "prior"))[0]
    )
    adversarial = -np.log(special.expit(logit))
    np.testing.assert_allclose(terms["adversarial_loss"], adversarial, rtol=1e-4)
    np.testing.assert_allclose(
        terms["loss"], 3.0 * adversarial - terms["reconstruction"], rtol=1e-5
    )
    losses = [-np.log(special.expit(prior_logit)), -np.log(1 - special.expit(logit))]
    np.testing.assert_allclose(terms["discriminator_loss"], np.concatenate(losses), rtol=1e-3)


@pytest.mark.parametrize(
    ("cls", "settings", "sentence"),
    [
        (tfvae.BetaTCVAE, {"estimator": "chen"}, "estimator is 'chen'; it must be one of"),
        (tfvae.BetaTCVAE, {"estimator": "mss"}, "dataset_size is None; estimator 'mss' needs"),
        (tfvae.DIPVAE, {"kind": "III"}, "kind is 'III'"),
        (tfvae.InfoVAE, {"kernel": "linear"}, "kernel is 'linear'"),
        (tfvae.DecompositionVAE, {"divergence": "js"}, "divergence is 'js'"),
    ],
)
def test_wrong_settings_are_named(tiny_model, cls, settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        tiny_model(cls, **settings)


@pytest.mark.parametrize(
    ("cls", "settings", "batch_size", "sentence"),
    [
        (tfvae.FactorVAE, {}, 3, "batch_size is 3; FactorVAE needs at least 4"),
        (tfvae.DIPVAE, {}, 1, "batch_size is 1; DIPVAE needs at least 2"),
        (tfvae.BetaTCVAE, {"estimator": "exact", "dataset_size": 16}, 8, "dataset_size 16"),
        (tfvae.BetaTCVAE, {"dataset_size": 4}, 8, "batch_size is 8; dataset_size is only 4"),
    ],
)
def test_a_batch_too_small_is_refused_before_the_first_step(
    tiny_model, images, cls, settings, batch_size, sentence
):
    model = tiny_model(cls, **settings)
    model.compile(keras.optimizers.SGD(1.0))
    with pytest.raises(ValueError, match=sentence):
        model.fit(images, batch_size=batch_size, verbose=0)
    batches = tf.data.Dataset.from_tensor_slices(images).batch(batch_size)
    with pytest.raises(ValueError, match=sentence):
        model.fit(batches, verbose=0)
    assert int(model.step) == 0
