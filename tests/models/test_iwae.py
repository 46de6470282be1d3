"""Importance-weighted bounds and their gradients, on models with a known evidence."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import special

import tfvae
from tfvae import noise
from tfvae.distributions.sampling import sample_with_seeds
from tfvae.schedules import Linear

SEEDS = noise.seed_rows(1, 16)
TERM = "importance_weighted_bound"


def log_weights(model, x, seeds, num_samples):
    """log w_i of the training samples, [k, B], by TFP's densities one after the other."""
    q = model.encode(x)
    z = sample_with_seeds(q, noise.fold_in(seeds, "posterior"), num_samples)
    return (model.decode(z).log_prob(x) + model.prior().log_prob(z) - q.log_prob(z)).numpy()


def gradients(model, x, seeds, of="loss"):
    """Gradients of the summed loss by network: one flat vector each."""
    x = tf.cast(x, tf.float32)
    networks = {"encoder": model.encoder, "decoder": model.decoder}
    with tf.GradientTape(persistent=True) as tape:
        loss = tf.reduce_sum(model.objective(x, seeds, training=True)[of])
    return {
        role: tf.concat(
            [tf.reshape(g, [-1]) for g in tape.gradient(loss, network.trainable_variables)], 0
        ).numpy()
        for role, network in networks.items()
    }


def test_bound_rises_with_k_to_the_evidence(linear_gaussian):
    case = linear_gaussian(exact=False)
    repeats = 2000
    x, seeds = tf.repeat(case.x, repeats, axis=0), noise.seed_rows(0, 5 * repeats)
    gaps = []
    for k in (1, 5, 50):
        model = linear_gaussian(exact=False, cls=tfvae.IWAE, num_samples=k).model
        bound = model.objective(x, seeds, training=False)[TERM]
        gaps.append(case.log_evidence - np.reshape(bound, [5, repeats]).mean(1))
    assert (gaps[0] > gaps[1]).all() and (gaps[1] > gaps[2]).all()
    assert (gaps[2] > -1e-3).all() and (gaps[2] < 0.05).all()


@pytest.mark.parametrize("cls", [tfvae.IWAE, tfvae.MIWAE, tfvae.CIWAE, tfvae.PIWAE])
def test_exact_posterior_makes_every_bound_the_evidence(linear_gaussian, cls):
    case = linear_gaussian(cls=cls, num_samples=3)
    terms = case.model.objective(case.x, noise.seed_rows(0, 5), training=True)
    np.testing.assert_allclose(-terms["loss"], case.log_evidence, atol=2e-4)
    np.testing.assert_allclose(terms[TERM], case.log_evidence, atol=2e-4)


def test_bounds_are_those_of_numpy(tiny_model, images):
    log_w = log_weights(tiny_model(), images, SEEDS, 6)
    iwae = special.logsumexp(log_w, axis=0) - np.log(6)
    groups = special.logsumexp(log_w.reshape(2, 3, 16), axis=1) - np.log(3)
    for cls, settings, expected in (
        (tfvae.IWAE, {"num_samples": 6}, iwae),
        (tfvae.MIWAE, {"num_bounds": 2, "num_samples": 3}, groups.mean(0)),
        (tfvae.CIWAE, {"num_samples": 6, "beta": 0.2}, 0.2 * log_w.mean(0) + 0.8 * iwae),
        (tfvae.PIWAE, {"num_bounds": 2, "num_samples": 3}, iwae),
    ):
        for estimator in cls.gradient_estimators:
            model = tiny_model(cls, gradient_estimator=estimator, **settings)
            terms = model.objective(images, SEEDS, training=True)
            np.testing.assert_allclose(-terms["loss"], expected, rtol=1e-5)
            np.testing.assert_allclose(terms[TERM], iwae, rtol=1e-5)
            np.testing.assert_allclose(terms["elbo"], model.elbo(images, SEEDS), rtol=1e-5)


def test_the_better_sample_weighs_more(tiny_model, images):
    """The gradient for the output bias is sum_i v_i (mean_i - x), v the softmax of log w."""
    model = tiny_model(tfvae.IWAE, num_samples=4)
    weights = special.softmax(log_weights(model, images, SEEDS, 4), axis=0)
    z = sample_with_seeds(model.encode(images), noise.fold_in(SEEDS, "posterior"), 4)
    error = (model.decode(z).mean() - images).numpy().reshape(4, 16, 16)
    expected = np.einsum("kb,kbi->i", weights, error)
    for estimator in model.gradient_estimators:
        model = tiny_model(tfvae.IWAE, num_samples=4, gradient_estimator=estimator)
        bias = gradients(model, images, SEEDS)["decoder"][-16:]  # the last weights
        np.testing.assert_allclose(bias, expected, rtol=1e-4, atol=1e-5)


CHUNKS, ROWS = 100, 300


def mean_gradient(linear_gaussian, cls, **settings):
    """Mean and standard error of the gradient over independent seeds: two vectors."""
    case = linear_gaussian(exact=False, cls=cls, **settings)
    case.model.compile("sgd")  # a step for schedules
    x = tf.repeat(case.x, ROWS // 5, axis=0)
    variables = case.model.trainable_variables

    @tf.function
    def gradient(chunk):
        seeds = noise.training_rows(0, chunk, 0, ROWS)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(case.model.objective(x, seeds, training=True)["loss"])
        return tf.concat([tf.reshape(g, [-1]) for g in tape.gradient(loss, variables)], 0)

    each = np.stack([gradient(chunk) for chunk in tf.range(CHUNKS)])
    return each.mean(0), each.std(0) / np.sqrt(CHUNKS)


def deviations(first, second):
    (mean1, error1), (mean2, error2) = first, second
    return np.abs(mean1 - mean2) / np.maximum(np.hypot(error1, error2), 1e-6)


WARM = Linear(0.4, 1.0, 100)


@pytest.mark.parametrize(
    ("cls", "settings", "estimator"),
    [
        (tfvae.VAE, {"num_samples": 2}, "stl"),
        (tfvae.IWAE, {"num_samples": 1}, "stl"),
        (tfvae.IWAE, {"num_samples": 4}, "dreg"),
        (tfvae.IWAE, {"num_samples": 4, "kl_warmup": WARM}, "dreg"),
        (tfvae.MIWAE, {"num_samples": 3, "num_bounds": 2}, "dreg"),
        (tfvae.CIWAE, {"num_samples": 4, "beta": 0.3}, "dreg"),
        (tfvae.PIWAE, {"num_samples": 2, "num_bounds": 2}, "dreg"),
    ],
)
def test_estimators_agree_in_expectation(linear_gaussian, cls, settings, estimator):
    standard = mean_gradient(linear_gaussian, cls, **settings)
    other = mean_gradient(linear_gaussian, cls, gradient_estimator=estimator, **settings)
    assert deviations(standard, other).max() < 4.5
    assert np.linalg.norm(standard[0]) > 10 * np.linalg.norm(standard[1])  # the test can fail


def test_sticking_the_landing_is_biased_beyond_one_sample_as_documented(linear_gaussian):
    standard, stl = (
        mean_gradient(linear_gaussian, tfvae.IWAE, num_samples=8, gradient_estimator=name)
        for name in ("standard", "stl")
    )
    assert deviations(standard, stl).max() > 10


@pytest.mark.parametrize(
    ("cls", "estimator"),
    [(tfvae.VAE, "stl"), (tfvae.IWAE, "stl"), (tfvae.IWAE, "dreg"), (tfvae.PIWAE, "dreg")],
)
def test_encoder_gradient_vanishes_at_the_exact_posterior(linear_gaussian, cls, estimator):
    seeds = noise.seed_rows(0, 5)
    case = linear_gaussian(cls=cls, num_samples=3, gradient_estimator=estimator)
    landed = np.abs(gradients(case.model, case.x, seeds)["encoder"]).max()
    assert landed < 1e-3
    plain = linear_gaussian(cls=cls, num_samples=3).model
    assert np.abs(gradients(plain, case.x, seeds)["encoder"]).max() > 100 * landed


@pytest.mark.parametrize("estimator", ["standard", "stl", "dreg"])
def test_piwae_moves_the_encoder_as_miwae_and_the_decoder_as_iwae(tiny_model, images, estimator):
    def of(cls, **settings):
        return gradients(tiny_model(cls, gradient_estimator=estimator, **settings), images, SEEDS)

    piwae = of(tfvae.PIWAE, num_bounds=2, num_samples=3)
    miwae = of(tfvae.MIWAE, num_bounds=2, num_samples=3)
    iwae = of(tfvae.IWAE, num_samples=6)
    np.testing.assert_allclose(piwae["encoder"], miwae["encoder"], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(piwae["decoder"], iwae["decoder"], rtol=1e-3, atol=1e-4)
    assert np.abs(miwae["encoder"] - iwae["encoder"]).max() > 1e-2
    assert np.abs(miwae["decoder"] - iwae["decoder"]).max() > 1e-2


def normalised(cls, **settings):
    keras.utils.set_random_seed(0)
    return cls(
        tfvae.networks.DenseEncoder(4, hidden=(8,), batch_normalization=True),
        tfvae.networks.DenseDecoder((4, 4, 1), hidden=(8,), batch_normalization=True),
        tfvae.heads.DiagonalNormal(2),
        tfvae.heads.Bernoulli(),
        **settings,
    )


def test_weights_meet_their_own_samples_where_batch_normalisation_couples_them(images):
    piwae = gradients(normalised(tfvae.PIWAE, num_bounds=1, num_samples=3), images, SEEDS)
    iwae = gradients(normalised(tfvae.IWAE, num_samples=3), images, SEEDS)
    for role, gradient in iwae.items():
        error = np.linalg.norm(piwae[role] - gradient)
        assert error < 1e-4 * np.linalg.norm(gradient)


@pytest.mark.parametrize("cls", [tfvae.IWAE, tfvae.PIWAE])
def test_an_estimator_that_batch_normalisation_biases_is_refused(cls):
    with pytest.raises(ValueError, match="is 'dreg', which is biased if batch normalisation"):
        normalised(cls, gradient_estimator="dreg")


def test_between_the_ends_of_the_family_stand_the_others(tiny_model, images):
    def of(cls, **settings):
        return gradients(tiny_model(cls, **settings), images, SEEDS)["encoder"]

    vae = of(tfvae.VAE, num_samples=3, gradient_estimator="stl")
    for same in (
        of(tfvae.CIWAE, num_samples=3, beta=1.0, gradient_estimator="dreg"),
        of(tfvae.MIWAE, num_samples=1, num_bounds=3, gradient_estimator="dreg"),
    ):
        np.testing.assert_allclose(same, vae, rtol=1e-3, atol=1e-4)
    iwae = of(tfvae.IWAE, num_samples=3)
    for same in (
        of(tfvae.CIWAE, num_samples=3, beta=0.0),
        of(tfvae.MIWAE, num_samples=3, num_bounds=1),
        of(tfvae.PIWAE, num_samples=3, num_bounds=1),
    ):
        np.testing.assert_allclose(same, iwae, rtol=1e-3, atol=1e-4)


def test_warm_up_tempers_the_weights_of_the_loss_alone(tiny_model, images):
    model = tiny_model(tfvae.IWAE, num_samples=4, kl_warmup=Linear(0.0, 1.0, 4))
    model.compile(keras.optimizers.SGD(0.0))
    terms = model.objective(images, SEEDS, training=True)
    z = sample_with_seeds(model.encode(images), noise.fold_in(SEEDS, "posterior"), 4)
    log_px = model.decode(z).log_prob(images)
    np.testing.assert_allclose(
        -terms["loss"], special.logsumexp(log_px, axis=0) - np.log(4), rtol=1e-5
    )
    whole = special.logsumexp(log_weights(model, images, SEEDS, 4), axis=0) - np.log(4)
    np.testing.assert_allclose(terms[TERM], whole, rtol=1e-5)


@pytest.mark.parametrize(
    ("cls", "arguments", "sentence"),
    [
        (tfvae.VAE, {"gradient_estimator": "dreg"}, "is 'dreg'; VAE takes 'standard' or 'stl'"),
        (tfvae.IWAE, {"gradient_estimator": "DReG"}, "'DReG'; IWAE takes .*'dreg'"),
        (tfvae.BetaTCVAE, {"gradient_estimator": "stl"}, "BetaTCVAE takes 'standard'"),
        (tfvae.IWAE, {"num_samples": 0}, "num_samples is 0; it must be at least 1"),
        (tfvae.MIWAE, {"num_bounds": 0}, "num_bounds is 0; it must be at least 1"),
        (tfvae.CIWAE, {"beta": 1.5}, r"beta is 1.5; it must be from 0 to 1"),
    ],
)
def test_wrong_arguments_are_named(tiny_model, cls, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        tiny_model(cls, **arguments)
