"""Normal posterior with diagonal covariance."""

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from tfvae.arguments import require_positive
from tfvae.distributions.distribution_layer import PosteriorHead

# Standard deviations from 3e-4 to 3e3; outside, float32 log-densities lose precision.
MAX_LOG_VARIANCE = 16.0


def bounded_stddev(log_variance: tf.Tensor) -> tf.Tensor:
    """Returns exp(log_variance / 2), with the log-variance clipped to [-16, 16]."""
    return tf.exp(0.5 * tf.clip_by_value(log_variance, -MAX_LOG_VARIANCE, MAX_LOG_VARIANCE))


@keras.saving.register_keras_serializable("tfvae")
class DiagonalNormal(PosteriorHead):
    """Normal posterior with diagonal covariance; for a normal likelihood, use `Normal`.

    q(z|x) = N(mean, diag(stddev^2)), Kingma & Welling 2014 (arXiv:1312.6114), section 3.

    Parameters are [n, 2 d], mean then log-variance (clipped to +-16); the distribution has
    batch [n], event [d].

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
        self.params_size = 2 * size

    def distribution(self, params):
        """Returns the normal with parameters [n, 2 d]."""
        mean, log_variance = tf.split(params, 2, axis=-1)
        return tfp.distributions.MultivariateNormalDiag(mean, bounded_stddev(log_variance))

    def get_config(self):
        """Returns the constructor's arguments."""
        return {**super().get_config(), "size": self.size}
