"""Normal of diagonal covariance."""

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from tfvae.arguments import require_positive
from tfvae.distributions.distribution_layer import Head

# A standard deviation from 3e-4 to 3e3: beyond it float32 log-densities lose their digits.
MAX_LOG_VARIANCE = 16.0


def bounded_stddev(log_variance: tf.Tensor) -> tf.Tensor:
    """Returns exp(log_variance / 2), the log-variance clipped to +-16."""
    return tf.exp(0.5 * tf.clip_by_value(log_variance, -MAX_LOG_VARIANCE, MAX_LOG_VARIANCE))


@keras.saving.register_keras_serializable("tfvae")
class DiagonalNormal(Head):
    """q(z|x) = N(mean, diag(stddev^2)), Kingma & Welling 2014 (arXiv:1312.6114), section 3.

    Parameters are [n, 2 d], mean then log-variance (clipped to +-16); the distribution has
    batch [n], event [d].

    Args:
        size: number of latent dimensions, d.
        name: the layer's name.
    """

    def __init__(self, size: int, name: str | None = None):
        require_positive("size", size)
        super().__init__(name)
        self.size = size
        self.params_size = 2 * size

    def distribution(self, params, batch_ndims=1):
        """Returns the normal with parameters [n, 2 d]."""
        mean, log_variance = tf.split(params, 2, axis=-1)
        return tfp.distributions.MultivariateNormalDiag(mean, bounded_stddev(log_variance))

    def get_config(self):
        """Returns the constructor's arguments."""
        return {**super().get_config(), "size": self.size}
