import keras
import numpy as np
import pytest
import tensorflow as tf

import tfvae
from tests.conformance.registry import Bars, build
from tfvae import noise
from tfvae.estimators.permutation import permuted_dimensions

IMAGES = Bars().array[:16]
SEEDS = noise.seed_rows(0, 16)


@pytest.fixture(scope="module")
def model():
    model = build(tfvae.FactorVAE, discriminator=lambda: tfvae.networks.Discriminator((16,)))
    model.compile(keras.optimizers.Adam(), seed=0)
    return model


def test_permuting_keeps_each_dimension_and_breaks_their_dependence():
    z = np.random.default_rng(0).normal(size=(4000, 1)).astype(np.float32) * np.ones((1, 3))
    permuted = permuted_dimensions(tf.constant(z, tf.float32), noise.seed_rows(0, 4000)).numpy()
    np.testing.assert_array_equal(np.sort(permuted, axis=0), np.sort(z.astype(np.float32), axis=0))
    assert np.abs(np.corrcoef(permuted.T) - np.eye(3)).max() < 0.06  # about 4 standard errors


def terms_of(model, images):
    batch = model.training_batch(tf.constant(images), SEEDS, tf.constant(0, tf.int64))
    return model.objective(**batch, training=True)


def test_odd_rows_reach_the_discriminator_alone(model):
    changed = IMAGES.copy()
    changed[1::2] = 1 - changed[1::2]
    terms, other = terms_of(model, IMAGES), terms_of(model, changed)
    for name in ("loss", "elbo", "reconstruction", "kl", "total_correlation"):
        assert terms[name].shape == (8,)
        assert np.array_equal(terms[name], other[name])
    assert terms["discriminator_loss"].shape == (16,)
    assert np.array_equal(terms["discriminator_loss"][:8], other["discriminator_loss"][:8])
    assert not np.allclose(terms["discriminator_loss"][8:], other["discriminator_loss"][8:])


def test_discriminator_leaks_nothing_into_the_vae_and_players_share_no_variable(model):
    ours, theirs = model.players()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(terms_of(model, IMAGES)["discriminator_loss"])
    gradients = tape.gradient(loss, [*ours.variables, *theirs.variables])
    assert gradients[: len(ours.variables)] == [None] * len(ours.variables)
    assert all(gradient is not None for gradient in gradients[len(ours.variables) :])
    moved = [id(variable) for variable in ours.variables + theirs.variables]
    assert sorted(moved) == sorted(id(variable) for variable in model.trainable_variables)


def test_loss_is_the_bound_with_gamma_times_the_total_correlation(model):
    terms = terms_of(model, IMAGES)
    np.testing.assert_allclose(
        terms["loss"], 40.0 * terms["total_correlation"] - terms["elbo"], rtol=1e-5
    )


def test_discriminator_learns_the_density_ratio_of_a_correlated_normal():
    # For a bivariate normal of correlation r the total correlation is -log(1 - r^2) / 2.
    correlation = 0.8
    generator = np.random.default_rng(0)
    keras.utils.set_random_seed(0)  # else the initial weights depend on the tests before
    network = tfvae.networks.Discriminator((64, 64))
    network.build((None, 2))
    model = build(tfvae.FactorVAE)
    model.discriminator = network
    optimizer = keras.optimizers.Adam(3e-3)

    @tf.function
    def step(real, seeds):
        fake = permuted_dimensions(real, seeds)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(
                tf.nn.softplus(-model.log_density_ratio(real))
                + tf.nn.softplus(model.log_density_ratio(fake))
            )
        optimizer.apply(
            tape.gradient(loss, network.trainable_variables), network.trainable_variables
        )

    def draw(n):
        x, y = generator.normal(size=(2, n))
        z = np.stack([x, correlation * x + np.sqrt(1 - correlation**2) * y], axis=1)
        return tf.constant(z, tf.float32)

    for number in range(400):
        step(draw(512), noise.seed_rows(number, 512))
    estimate = np.mean(model.log_density_ratio(draw(20_000)))
    assert estimate == pytest.approx(-0.5 * np.log(1 - correlation**2), abs=0.06)
