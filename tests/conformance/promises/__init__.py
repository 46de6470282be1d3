"""The promises of models, one class per level; a test class inherits those of its models.

A class of tests names its `entries`; each is built, trained and exported once (`Subject`).
"""

from tests.conformance.promises.generative import GenerativePromises
from tests.conformance.promises.latent_variable import LatentVariablePromises
from tests.conformance.promises.trainable import TrainablePromises

__all__ = ["GenerativePromises", "LatentVariablePromises", "TrainablePromises"]
