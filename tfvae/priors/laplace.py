"""The Laplace prior."""

from collections.abc import Sequence

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from tfvae.arguments import require_positive
from tfvae.distributions.distribution_layer import DistributionLayer
from tfvae.priors.bounded_vector import bounded_vector


@keras.saving.register_keras_serializable("tfvae")
class Laplace(DistributionLayer):
    """Laplace prior: p(z) = prod_j Laplace(z_j; 0, scale_j), with most of its mass near 0.

    Args:
        size: number of latent dimensions, d.
        scale: mean absolute value, one or d numbers from 3.4e-4 to 3e3; the standard deviation is
            sqrt(2) times the scale.
        name: name of the layer.

    Raises:
        ValueError: if `size` is not above 0, or `scale` is out of bounds.
    """

    def __init__(self, size: int, scale: float | Sequence[float] = 1.0, name: str | None = None):
        require_positive("size", size)
        super().__init__(name)
        self.size = size
        self.scale = bounded_vector("scale", scale, size)

    def distribution(self):
        """Returns the product, batch [], event [d]."""
        return tfp.distributions.Independent(
            tfp.distributions.Laplace(tf.zeros(self.size), tf.constant(self.scale)), 1
        )

    def get_config(self):
        """Returns the constructor's arguments."""
        return {**super().get_config(), "size": self.size, "scale": self.scale}
