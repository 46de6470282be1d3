"""Latent arithmetic and figures of a served model match NumPy."""

import numpy as np
import pytest

from serving.client import Client
from tfvae import latents, plots

IMAGES = np.random.default_rng(0).uniform(size=(6, 4, 4, 1)).astype(np.float32)
LABELS = np.array([0, 1, 0, 2, 1, 1])
WEIGHTS = np.arange(32.0).reshape(16, 2) / 32  # of the served model


def picture(z):
    return 1 / (1 + np.exp(-z @ WEIGHTS.T)).reshape(*z.shape[:-1], 4, 4, 1)


@pytest.fixture(scope="module")
def client(server):
    with Client(server.address, model="m") as opened:
        yield opened


def test_arithmetic_through_the_signatures(client):
    codes = latents.encoded(client.encode, IMAGES)
    expected = IMAGES.reshape(6, 16) @ WEIGHTS
    np.testing.assert_allclose(codes, expected, rtol=1e-5)
    zero = latents.direction(codes, LABELS, 0)
    step = expected[[0, 2]].mean(0) - expected[[1, 3, 4, 5]].mean(0)
    np.testing.assert_allclose(zero, step, rtol=1e-4)
    pictures = latents.decoded(client.decode, latents.add(codes[1:4], zero, steps=3))
    z = expected[1:4] + np.array([0, 0.5, 1])[:, None, None] * step
    np.testing.assert_allclose(pictures, picture(z), rtol=1e-4)


def test_figures_are_drawn_of_a_client(client):
    figure = plots.latent_arithmetic(client, IMAGES[:2], np.array([1.0, 0.0]), steps=2, amount=1)
    canvas = np.asarray(figure.axes[0].images[0].get_array())
    z = IMAGES[1].reshape(16) @ WEIGHTS + [1, 0]
    np.testing.assert_allclose(canvas[-4:, -4:], picture(z)[..., 0], rtol=1e-4)
    figure = plots.interpolations(client, IMAGES[:2], IMAGES[2:4], steps=2)
    canvas = np.asarray(figure.axes[0].images[0].get_array())
    reconstruction = client.reconstruct(IMAGES[3:4])[0, ..., 0]
    np.testing.assert_allclose(canvas[-4:, -10:-6], reconstruction, rtol=1e-4)
