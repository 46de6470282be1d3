"""The Student-t prior."""

from collections.abc import Sequence

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from tfvae.arguments import require_positive
from tfvae.distributions.distribution_layer import DistributionLayer
from tfvae.priors.bounded_vector import bounded_vector

# Below 0.2 extreme samples overflow float32; above 1e6 it equals a normal in float32.
_LOW, _HIGH = 0.2, 1e6


@keras.saving.register_keras_serializable("tfvae")
class StudentT(DistributionLayer):
    """Student-t prior: p(z) = prod_j t(z_j; nu_j).

    Mathieu et al. 2019 (arXiv:1812.02833), section 6. Unlike a standard normal it is not invariant
    to rotations: large values in two dimensions at once are rare.

    Args:
        size: number of latent dimensions, d.
        degrees_of_freedom: nu, one or d numbers from 0.2 to 1e6; smaller values have heavier tails.
        name: name of the layer.

    Raises:
        ValueError: if `size` is not above 0, or `degrees_of_freedom` is out of bounds.
    """

    def __init__(
        self,
        size: int,
        degrees_of_freedom: float | Sequence[float] = 9.0,
        name: str | None = None,
    ):
        require_positive("size", size)
        super().__init__(name)
        self.size = size
        self.degrees_of_freedom = bounded_vector(
            "degrees_of_freedom", degrees_of_freedom, size, _LOW, _HIGH
        )

    def distribution(self):
        """Returns the product, batch [], event [d]."""
        df = tf.constant(self.degrees_of_freedom)
        return tfp.distributions.Independent(
            tfp.distributions.StudentT(df, tf.zeros(self.size), tf.ones(self.size)), 1
        )

    def get_config(self):
        """Returns the constructor's arguments."""
        fields = {"size": self.size, "degrees_of_freedom": self.degrees_of_freedom}
        return {**super().get_config(), **fields}
