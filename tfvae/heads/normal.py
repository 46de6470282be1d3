"""Normal likelihood."""

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae.arguments import require_positive
from tfvae.distributions.distribution_layer import LikelihoodHead
from tfvae.heads.diagonal_normal import bounded_stddev


@keras.saving.register_keras_serializable("tfvae")
class Normal(LikelihoodHead):
    """Normal likelihood of independent values; for a normal posterior, use `DiagonalNormal`.

    p(x|z) = prod_i N(x_i; mean_i, scale^2). Parameters are [n, ..., C], the mean; with
    `scale="per_value"` [n, ..., 2 C], mean then log-variance (clipped to +-16). The distribution
    has batch [n], event [..., C].

    Args:
        scale: a number above 0, the fixed standard deviation; "learned", one trained standard
            deviation shared by all values (sigma-VAE, arXiv:2006.13202); or "per_value", a
            standard deviation for each value from the network.
        name: name of the layer.

    Raises:
        ValueError: if `scale` has another value.
    """

    def __init__(self, scale: float | str = 1.0, name: str | None = None):
        if isinstance(scale, str):
            if scale not in ("learned", "per_value"):
                raise ValueError(
                    f'scale is {scale!r}; it must be a number, "learned" or "per_value"'
                )
        else:
            require_positive("scale", scale)
        super().__init__(name)
        self.scale = scale
        self.params_size = 2 if scale == "per_value" else 1
        if scale == "learned":
            self.log_variance = self.add_weight(name="log_variance", shape=(), initializer="zeros")

    def distribution(self, params, batch_ndims=1):
        """Returns the independent normals with parameters `params`."""
        if self.scale == "per_value":
            mean, log_variance = tf.split(params, 2, axis=-1)
            stddev = bounded_stddev(log_variance)
        elif self.scale == "learned":
            mean, stddev = params, bounded_stddev(tf.convert_to_tensor(self.log_variance))
        else:
            mean, stddev = params, self.scale
        return tfd.Independent(tfd.Normal(mean, stddev), params.shape.rank - batch_ndims)

    def get_config(self):
        """Returns the constructor's arguments."""
        return {**super().get_config(), "scale": self.scale}
