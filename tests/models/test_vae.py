import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

import tfvae
from tfvae import noise


@keras.saving.register_keras_serializable("tests")
def laplace_prior():
    return tfd.Independent(tfd.Laplace(tf.zeros(2), tf.ones(2)), 1)


@keras.saving.register_keras_serializable("tests")
def laplace_posterior(params):
    loc, log_scale = tf.split(params, 2, axis=-1)
    return tfd.Independent(tfd.Laplace(loc, tf.exp(log_scale)), 1)


@keras.saving.register_keras_serializable("tests")
def laplace_likelihood(params):
    return tfd.Independent(tfd.Laplace(params, 0.5), 3)


def closed_reconstruction(case) -> np.ndarray:
    """E_q[log p(x|z)] of the linear-Gaussian model, [B]."""
    error = case.x.numpy() - case.mean @ case.weights - case.bias
    spread = np.trace(case.weights.T @ case.covariance @ case.weights)
    squares = (error**2).sum(-1) + spread
    return -0.5 * squares / case.scale**2 - 3 * np.log(case.scale * np.sqrt(2 * np.pi))


def closed_kl(case) -> np.ndarray:
    trace, log_determinant = np.trace(case.covariance), np.linalg.slogdet(case.covariance)[1]
    return 0.5 * ((case.mean**2).sum(-1) + trace - 2 - log_determinant)


@pytest.mark.parametrize("exact", [True, False])
def test_terms_are_the_closed_forms(linear_gaussian, exact):
    case = linear_gaussian(exact, num_samples=20_000)
    terms = case.model.objective(case.x, noise.seed_rows(0, 5), training=False)
    np.testing.assert_allclose(terms["kl"], closed_kl(case), rtol=1e-4)
    np.testing.assert_allclose(terms["reconstruction"], closed_reconstruction(case), atol=0.05)
    np.testing.assert_allclose(terms["elbo"], terms["reconstruction"] - terms["kl"], rtol=1e-5)
    np.testing.assert_array_equal(terms["loss"], -terms["elbo"])
    np.testing.assert_array_equal(case.model.elbo(case.x), terms["elbo"])
    if exact:
        np.testing.assert_allclose(terms["elbo"], case.log_evidence, atol=0.05)


def test_several_samples_are_averaged(tiny_model, images):
    seeds = noise.seed_rows(3, len(images))
    bound = tiny_model(num_samples=3).bound(images, seeds)
    assert bound.latents.shape == (3, len(images), 2)
    each = bound.likelihood.log_prob(images)
    np.testing.assert_allclose(bound.reconstruction, tf.reduce_mean(each, 0), rtol=1e-6)
    # The first of three samples equals a single sample.
    one = tiny_model(num_samples=1).bound(images, seeds)
    np.testing.assert_allclose(one.reconstruction, each[0], rtol=1e-5)


def test_kl_by_samples_agrees_with_integration(tiny_model, images):
    model = tiny_model(prior=laplace_prior, num_samples=20_000)
    x = images[:2]
    bound = model.bound(x, noise.seed_rows(0, 2))
    grid = np.linspace(-12, 12, 20_001)[:, None, None]
    q = tfd.Normal(bound.posterior.mean(), bound.posterior.stddev())
    log_q, log_p = q.log_prob(grid), tfd.Laplace(0.0, 1.0).log_prob(np.float32(grid))
    integral = np.sum(np.exp(log_q) * (log_q - log_p), axis=(0, 2)) * (24 / 20_000)
    np.testing.assert_allclose(bound.kl, integral, atol=0.03)


def test_functions_stand_for_heads_and_are_saved(tiny_model, images, tmp_path):
    model = tiny_model(
        prior=laplace_prior, posterior=laplace_posterior, likelihood=laplace_likelihood
    )
    model.compile("adam", seed=3)
    model.fit(images, epochs=1, verbose=0)
    bound = model.bound(images, noise.seed_rows(0, 16))
    expected = tf.reduce_sum(
        tfd.Laplace(model.decoder(bound.latents[0]), 0.5).log_prob(images), [1, 2, 3]
    )
    np.testing.assert_allclose(bound.reconstruction, expected, rtol=1e-4)
    assert model.sample(5).shape == (5, 4, 4, 1)
    model.save(tmp_path / "model.keras")
    copy = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(copy.elbo(images, seed=1), model.elbo(images, seed=1))


def test_likelihood_function_must_leave_the_batch_axes(tiny_model, images):
    model = tiny_model()
    model.likelihood = lambda params: tfd.Independent(tfd.Normal(params, 1.0), 2)
    with pytest.raises(ValueError, match=r"batch axes, here 2: set the reinterpreted_batch_ndims"):
        model.elbo(images)


def test_encode_and_decode_are_distributions_of_any_batch(tiny_model, images):
    model = tiny_model()
    q = model.encode(images)
    assert (q.batch_shape, q.event_shape) == ([16], [2])
    z = np.random.default_rng(0).normal(size=(3, 16, 2)).astype(np.float32)
    p = model.decode(z)
    assert (p.batch_shape, p.event_shape) == ([3, 16], [4, 4, 1])
    np.testing.assert_allclose(p.mean()[1], model.decode(z[1]).mean(), rtol=1e-5)
    assert model.decode(z[0, 0]).batch_shape == []


def test_call_and_predict_are_the_mean_at_the_posterior_mean(tiny_model, images):
    model = tiny_model()
    expected = model.decode(model.encode(images).mean()).mean()
    np.testing.assert_array_equal(model(images), expected)
    np.testing.assert_allclose(model.predict(images, verbose=0), expected, rtol=1e-5)


def test_samples_are_decoded_prior_draws(tiny_model):
    model = tiny_model()
    rows = noise.seed_rows(4, 6)
    whole = model.sample(6, seed=4)
    np.testing.assert_array_equal(whole, model.decode(model.sample_latent(rows)).mean())
    np.testing.assert_allclose(model.sample(2, rows[3:5]), whole[3:5], rtol=1e-6)
    assert np.abs(model.sample(6, seed=5) - whole).max() > 1e-3


def test_seeds_and_rows_of_seeds(tiny_model, images):
    model = tiny_model()
    whole = model.elbo(images, seed=2)
    np.testing.assert_allclose(
        model.elbo(images[4:9], noise.seed_rows(2, 16)[4:9]), whole[4:9], rtol=1e-6
    )
    assert np.abs(model.elbo(images, seed=3) - whole).max() > 1e-3


def networks(outputs=4, per_value=1, latents=None, data=None):
    encoder = tfvae.networks.DenseEncoder(outputs, hidden=(3,))
    decoder = tfvae.networks.DenseDecoder((4, 4, 1), per_value, hidden=(3,))
    if latents:
        decoder.build((None, latents))
    if data:
        encoder.build((None, *data))
    return encoder, decoder


@pytest.mark.parametrize(
    ("parts", "arguments", "message"),
    [
        (networks(outputs=5), {}, r"encoder gives outputs of shape \[5\]; DiagonalNormal needs "
         r"\[4\] \(outputs=4\)"),
        (networks(), {"likelihood": tfvae.heads.Normal("per_value")},
         r"decoder gives 1 outputs on its last axis; Normal needs a multiple of 2 "
         r"\(outputs_per_value=2\)"),
        (networks(), {"prior": tfvae.priors.StandardNormal(3)},
         r"posterior is over latents of shape \[2\], prior over \[3\]"),
        (networks(latents=7), {}, r"decoder takes inputs of shape \[7\].*make them \[2\]"),
        (networks(data=(8, 8, 1)), {}, r"encoder takes inputs of shape \[8, 8, 1\].*\[4, 4, 1\]"),
        (networks(), {"num_samples": 0}, "num_samples is 0; it must be at least 1"),
        (networks(), {"posterior": laplace_posterior}, "prior is None, and posterior does not say"),
    ],
)  # fmt: skip
def test_sizes_that_do_not_fit_are_named(parts, arguments, message):
    defaults = {"posterior": tfvae.heads.DiagonalNormal(2), "likelihood": tfvae.heads.Bernoulli()}
    with pytest.raises(ValueError, match=message):
        tfvae.VAE(*parts, **{**defaults, **arguments})


@keras.saving.register_keras_serializable("tests")
class OwnDecoder(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense, self.reshape = keras.layers.Dense(16), keras.layers.Reshape((4, 4, 1))

    def call(self, z):
        return self.reshape(self.dense(z))


def functional_encoder():
    x = keras.Input((4, 4, 1))
    return keras.Model(x, keras.layers.Dense(4)(keras.layers.Flatten()(x)))


@pytest.mark.parametrize("called", [False, True])
def test_networks_of_ones_own_drop_in(images, tmp_path, called):
    decoder = OwnDecoder()
    if called:
        decoder(np.zeros((1, 2), np.float32))
    posterior, likelihood = tfvae.heads.DiagonalNormal(2), tfvae.heads.Bernoulli()
    model = tfvae.VAE(functional_encoder(), decoder, posterior, likelihood)
    model.compile("adam")
    model.fit(images, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.elbo(images), model.elbo(images))


def broken(images, value):
    images = images.copy()
    images[[5, 7], 0, 0, 0] = value
    return images


@pytest.mark.parametrize(
    "use", ["fit", "dataset", "validation", "evaluate", "elbo", "log_likelihood"]
)
def test_bad_data_is_met_before_it_is_used(tiny_model, images, use):
    model = tiny_model()
    model.compile("sgd")
    weights = [w.numpy() for w in model.trainable_weights]
    run = types.SimpleNamespace(
        fit=lambda x: model.fit(x, verbose=0),
        dataset=lambda x: model.fit(tf.data.Dataset.from_tensors(x), verbose=0),
        validation=lambda x: model.fit(images, validation_data=(x, x), verbose=0),
        evaluate=lambda x: model.evaluate(x, verbose=0),
        elbo=model.elbo,
        log_likelihood=model.log_likelihood,
    ).__dict__[use]
    for data, message in (
        (images * 255, r"range from 0 to 255; the likelihood needs values from 0 to 1"),
        (broken(images, np.nan), r"NaN or infinite values: 2 of 16 images, first number 5 of the"),
        (images[:, :3], r"images have shape \[3, 4, 1\]; the networks need \[4, 4, 1\]"),
    ):
        with pytest.raises(ValueError, match=message):
            run(data)
    for before, after in zip(weights, model.trainable_weights, strict=True):
        np.testing.assert_array_equal(before, after)


def test_likelihood_without_bounds_takes_any_range(tiny_model, images):
    model = tiny_model(likelihood=tfvae.heads.Normal())
    assert np.isfinite(model.elbo(images * 255 - 100)).all()


def test_images_of_other_types_are_their_values(tiny_model, images):
    model = tiny_model()
    expected = model.elbo(images)
    for dtype in (np.uint8, bool, np.float64):
        np.testing.assert_array_equal(model.elbo(images.astype(dtype)), expected)
