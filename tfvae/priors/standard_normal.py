"""The standard normal prior."""

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from tfvae.arguments import require_positive
from tfvae.distributions.distribution_layer import DistributionLayer


@keras.saving.register_keras_serializable("tfvae")
class StandardNormal(DistributionLayer):
    """Standard normal prior: p(z) = N(0, I).

    Args:
        size: number of latent dimensions, d.
        name: name of the layer.

    Raises:
        ValueError: if `size` is not above 0.
    """

    def __init__(self, size: int, name: str | None = None):
        require_positive("size", size)
        super().__init__(name)
        self.size = size

    def distribution(self):
        """Returns the normal, batch [], event [d]."""
        return tfp.distributions.MultivariateNormalDiag(tf.zeros(self.size), tf.ones(self.size))

    def get_config(self):
        """Returns the constructor's arguments."""
        return {**super().get_config(), "size": self.size}
