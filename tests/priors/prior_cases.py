"""Every registered prior over two dimensions, with weights like those after training."""

import types

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tests.conformance import registry
from tfvae import priors


def _trained(prior):
    """Changes the weights from their initial values, several of which are zero."""
    generator = np.random.default_rng(1)
    for weight in prior.trainable_weights:
        weight.assign_add(0.3 * generator.normal(size=weight.shape).astype(np.float32))
    return prior


def _connected(prior):
    """Gives a VampPrior an encoder: q(z|x) = N(x, 0.3^2)."""

    def encode(x):
        return tfd.MultivariateNormalDiag(x, tf.fill(tf.shape(x), 0.3))

    prior.connect(types.SimpleNamespace(encode=encode, data_shape=(2,), support=None))
    return prior


PRIORS = {"StandardNormal": priors.StandardNormal, **registry.PRIORS}


def make_prior(name: str):
    """Returns the prior `name`, the same each time."""
    keras.utils.set_random_seed(0)
    prior = PRIORS[name](2)
    return _trained(_connected(prior) if name == "VampPrior" else prior)
