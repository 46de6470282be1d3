"""Normal posterior with full covariance."""

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from tfvae.arguments import require_positive
from tfvae.distributions.distribution_layer import PosteriorHead
from tfvae.heads.diagonal_normal import bounded_stddev


@keras.saving.register_keras_serializable("tfvae")
class FullCovarianceNormal(PosteriorHead):
    """Normal posterior with full covariance: q(z|x) = N(mean, L L^T).

    Kingma & Welling 2019 (arXiv:1906.02691), section 2.5.1. Parameters are
    [n, 2 d + d (d - 1) / 2]: the mean, log-variances v (clipped to +-16) with L's diagonal
    exp(v / 2), then L's strictly lower part in the order of `tfp.math.fill_triangular`. The
    distribution has batch [n], event [d].

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
        self.params_size = 2 * size + size * (size - 1) // 2

    def distribution(self, params):
        """Returns the normal with parameters [n, params_size]."""
        d = self.size
        mean, log_variance, lower = tf.split(params, [d, d, self.params_size - 2 * d], axis=-1)
        scale = tf.linalg.diag(bounded_stddev(log_variance))
        if d > 1:
            batch_axes = [[0, 0]] * (params.shape.rank - 1)
            scale += tf.pad(tfp.math.fill_triangular(lower), [*batch_axes, [1, 0], [0, 1]])
        return tfp.distributions.MultivariateNormalTriL(mean, scale)

    def get_config(self):
        """Returns the constructor's arguments."""
        return {**super().get_config(), "size": self.size}
