"""The losses of the family combine the same reconstruction and KL."""

import keras
import numpy as np
import pytest

import tfvae
from tfvae import noise
from tfvae.schedules import Linear

SEEDS = noise.seed_rows(1, 16)


def terms_of(model, images, step=0):
    model.compile(keras.optimizers.SGD(0.0))
    model.optimizer.iterations.assign(step)
    return {k: np.asarray(v) for k, v in model.objective(images, SEEDS, training=True).items()}


@pytest.fixture
def plain(tiny_model, images):
    return terms_of(tiny_model(), images)


def test_beta_weights_the_kl_of_the_loss_alone(tiny_model, images, plain):
    terms = terms_of(tiny_model(tfvae.BetaVAE, beta=4.0), images)
    np.testing.assert_allclose(terms["loss"], 4 * plain["kl"] - plain["reconstruction"], rtol=1e-5)
    for name in ("elbo", "reconstruction", "kl"):
        np.testing.assert_allclose(terms[name], plain[name], rtol=1e-6)
    assert tiny_model(tfvae.BetaVAE).beta == 4.0


def test_beta_may_follow_a_schedule(tiny_model, images, plain):
    model = tiny_model(tfvae.BetaVAE, beta=Linear(1.0, 3.0, 100), kl_warmup=Linear(0.0, 1.0, 50))
    terms = terms_of(model, images, step=40)
    expected = 1.8 * 0.8 * plain["kl"] - plain["reconstruction"]  # beta is 1.8, warmed up to 0.8
    np.testing.assert_allclose(terms["loss"], expected, rtol=1e-5)


def test_warm_up_is_of_every_model(tiny_model, images, plain):
    ramp = Linear(0.0, 1.0, 4)
    for cls, arguments, penalty in (
        (tfvae.VAE, {}, plain["kl"]),
        (tfvae.BetaVAE, {"beta": 2.0}, 2 * plain["kl"]),
        (tfvae.AnnealedVAE, {"gamma": 3.0, "capacity": 0.0}, 3 * plain["kl"].mean()),
    ):
        terms = terms_of(tiny_model(cls, kl_warmup=ramp, **arguments), images, step=1)
        expected = 0.25 * penalty - plain["reconstruction"]
        np.testing.assert_allclose(terms["loss"], expected, rtol=1e-5)


@pytest.mark.parametrize("capacity", [0.01, 50.0])
def test_annealed_distance_is_of_the_batch_mean_from_the_capacity(
    tiny_model, images, plain, capacity
):
    model = tiny_model(tfvae.AnnealedVAE, gamma=10.0, capacity=capacity)
    distance = abs(plain["kl"].mean() - capacity)
    np.testing.assert_allclose(
        terms_of(model, images)["loss"], 10 * distance - plain["reconstruction"], rtol=1e-4
    )


def test_annealed_capacity_rises_by_default(tiny_model):
    capacity = tiny_model(tfvae.AnnealedVAE).coefficients["capacity"]
    assert [float(capacity(step)) for step in (0, 50_000, 200_000)] == [0.0, 12.5, 25.0]


@pytest.mark.parametrize(
    ("cls", "arguments"),
    [
        (tfvae.BetaVAE, {"beta": Linear(0.0, 2.0, 10)}),
        (tfvae.AnnealedVAE, {"gamma": 5.0, "capacity": Linear(0.0, 3.0, 10)}),
    ],
)
def test_coefficients_are_in_the_config(tiny_model, cls, arguments):
    model = tiny_model(cls, kl_warmup=Linear(0.0, 1.0, 7), **arguments)
    copy = cls.from_config(model.get_config())
    assert copy.coefficients == {**arguments, "kl_warmup": Linear(0.0, 1.0, 7)}
