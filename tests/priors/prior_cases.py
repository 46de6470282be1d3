"""One prior of each kind over two dimensions, with weights such as training gives."""

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae import priors


def _trained(prior):
    """Changes the weights from their initial values, several of which are zero."""
    generator = np.random.default_rng(1)
    for weight in prior.trainable_weights:
        weight.assign_add(0.3 * generator.normal(size=weight.shape).astype(np.float32))
    return prior


def _attached(prior):
    """Attaches an encoder to a VampPrior: q(z|x) = N(x, 0.3^2)."""
    prior.attach(lambda x: tfd.MultivariateNormalDiag(x, tf.fill(tf.shape(x), 0.3)), (2,), None)
    return prior


PRIORS = {
    "StandardNormal": lambda: priors.StandardNormal(2),
    "AnisotropicNormal": lambda: priors.AnisotropicNormal(2, scales=[0.5, 1.5]),
    "AnisotropicNormal, learned": lambda: _trained(
        priors.AnisotropicNormal(2, scales=1.0, learned=True)
    ),
    "StudentT": lambda: priors.StudentT(2, degrees_of_freedom=[9.0, 30.0]),
    "Laplace": lambda: priors.Laplace(2, scale=[0.5, 0.8]),
    "NormalMixture": lambda: priors.NormalMixture(2),
    "NormalMixture, learned": lambda: _trained(
        priors.NormalMixture(2, [[-2, 0], [1, 1], [0, -1]], 0.5, [1, 2, 3], learned=True)
    ),
    "SparseMixture": lambda: priors.SparseMixture(2),
    "VampPrior": lambda: _trained(_attached(priors.VampPrior(2, 4))),
    "FlowPrior": lambda: _trained(priors.FlowPrior(2, num_layers=3, hidden=(8,))),
}


def make_prior(name: str):
    """Returns the prior `name`, the same each time."""
    keras.utils.set_random_seed(0)
    return PRIORS[name]()
