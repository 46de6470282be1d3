"""Small models, which every test can build."""

import gc
import signal
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from tensorflow.python.framework.ops import gradient_registry

import tfvae

gc.freeze()  # so that collections skip half a million objects of the libraries

GRADIENTS = gradient_registry._registry  # TensorFlow's table of gradients by operation
BIJECTED = tfp.bijectors.Bijector._cache.storage  # TFP's cache of the results of bijectors

IMAGE_SHAPE = (4, 4, 1)
LATENTS = 2


@pytest.fixture(autouse=True)
def _forget_graphs():
    """Frees the graphs that a test traced, which two tables of the libraries would keep for ever.

    A process that trained hundreds of models would need 100 MB for each.
    """
    yield
    BIJECTED.clear()
    for name in [name for name in GRADIENTS if name.startswith("CustomGradient-")]:
        del GRADIENTS[name]


def _tiny_model(cls=tfvae.VAE, likelihood=None, posterior=None, activation="tanh", **kwargs):
    keras.utils.set_random_seed(0)
    posterior = posterior or tfvae.heads.DiagonalNormal(LATENTS)
    likelihood = likelihood or tfvae.heads.Bernoulli()
    return cls(
        encoder=tfvae.networks.DenseEncoder(
            getattr(posterior, "params_size", 2 * LATENTS), hidden=(8,), activation=activation
        ),
        decoder=tfvae.networks.DenseDecoder(
            IMAGE_SHAPE, getattr(likelihood, "params_size", 1), hidden=(8,)
        ),
        posterior=posterior,
        likelihood=likelihood,
        **kwargs,
    )


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_reaches_programs():
    """A shell makes a job in the background, and its children, ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def tiny_model():
    """Makes a model of dense networks on 4x4x1 images: tiny_model(cls, **arguments)."""
    return _tiny_model


@pytest.fixture(scope="session")
def images():
    """Binary images [16, 4, 4, 1]: a bar at the position i modulo 4."""
    array = np.zeros((16, *IMAGE_SHAPE), np.float32)
    array[np.arange(16), np.arange(16) % 4] = 1.0
    array[8:] = array[8:].transpose(0, 2, 1, 3)
    return array


@pytest.fixture
def linear_gaussian():
    """Makes a VAE with a known evidence and posterior: x = W z + b + noise, z normal.

    `linear_gaussian(exact=True)` has `model`, `x` [5, 3], `log_evidence` [5] and the posterior's
    `mean` [5, 2] and `covariance` [2, 2]; with `exact=False` q(z|x) has other moments.
    """

    def make(exact=True, cls=tfvae.VAE, **kwargs):
        generator = np.random.default_rng(0)
        weights, bias = generator.normal(size=(2, 3)), generator.normal(size=3)
        scale, x = 0.7, generator.normal(size=(5, 3))
        covariance = np.linalg.inv(np.eye(2) + weights @ weights.T / scale**2)
        gain = weights.T @ covariance / scale**2  # E[z|x] = (x - b) gain
        model = cls(
            encoder=tfvae.networks.DenseEncoder(5, hidden=()),
            decoder=tfvae.networks.DenseDecoder((3,), hidden=()),
            posterior=tfvae.heads.FullCovarianceNormal(2),
            likelihood=tfvae.heads.Normal(scale),
            **kwargs,
        )
        factor = np.linalg.cholesky(covariance)
        constants = [*(2 * np.log(np.diag(factor))), factor[1, 0]]
        if not exact:
            gain, constants = 0.8 * gain, [constants[0] + 0.3, constants[1], 0.0]
            factor = np.diag(np.exp(np.array(constants[:2]) / 2))
        model.encoder.layers[-1].set_weights(
            [np.pad(gain, [(0, 0), (0, 3)]), np.concatenate([-bias @ gain, constants])]
        )
        model.decoder.layers[0].set_weights([weights, bias])
        evidence = tfp.distributions.MultivariateNormalFullCovariance(
            bias, weights.T @ weights + scale**2 * np.eye(3)
        )
        return types.SimpleNamespace(
            model=model,
            x=tf.constant(x, tf.float32),
            log_evidence=evidence.log_prob(x).numpy(),
            mean=(x - bias) @ gain,
            covariance=factor @ factor.T,
            weights=weights,
            bias=bias,
            scale=scale,
        )

    return make
