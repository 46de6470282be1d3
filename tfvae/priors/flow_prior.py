"""A learned prior: a normalizing flow."""

from collections.abc import Sequence

import keras
import tensorflow as tf
from tensorflow_probability import bijectors as tfb
from tensorflow_probability import distributions as tfd

from tfvae.arguments import require_positive
from tfvae.distributions.distribution_layer import DistributionLayer
from tfvae.networks.network import as_list

# Each coupling scales by e^-3 to e^3: enough over a few layers, without overflow.
_MAX_LOG_SCALE = 3.0


@keras.saving.register_keras_serializable("tfvae")
class FlowPrior(DistributionLayer):
    """Normalizing flow prior: a standard normal transformed by learned affine coupling layers.

    Real NVP, Dinh et al. 2017 (arXiv:1605.08803), section 3: each layer shifts and scales the last
    dimensions by the outputs of a network of the first dimensions, and the order of the dimensions
    is reversed between layers. It is initialised to the standard normal.

    Args:
        size: number of latent dimensions, d, at least 2.
        num_layers: number of coupling layers; two layers transform every dimension.
        hidden: units of each hidden layer of the couplings' networks; a single number is one layer.
        name: name of the layer.

    Raises:
        ValueError: if `size` is below 2, or `num_layers` not above 0.
    """

    def __init__(
        self,
        size: int,
        num_layers: int = 4,
        hidden: int | Sequence[int] = (64, 64),
        name: str | None = None,
    ):
        if size < 2:
            raise ValueError(f"size is {size}; a coupling needs at least 2 dimensions")
        require_positive("num_layers", num_layers)
        super().__init__(name)
        self.size = size
        self.num_layers = num_layers
        self.hidden = as_list(hidden)
        self._masked = size // 2
        self.networks = [self._network() for _ in range(num_layers)]

    def _network(self) -> keras.Sequential:
        dense = keras.layers.Dense
        layers = [dense(units, activation="relu", dtype="float32") for units in self.hidden]
        outputs = 2 * (self.size - self._masked)
        # Zeros initialise the coupling to the identity.
        layers += [dense(outputs, kernel_initializer="zeros", dtype="float32")]
        network = keras.Sequential(layers)
        network.build((None, self._masked))
        return network

    def distribution(self):
        """Returns the flow, batch [], event [d]."""
        reverse = tfb.Permute(list(range(self.size))[::-1])
        chain: list[tfb.Bijector] = []
        for network in self.networks:
            coupling = tfb.RealNVP(
                self._masked, shift_and_log_scale_fn=_shift_and_log_scale(network)
            )
            chain += [coupling, reverse]
        normal = tfd.MultivariateNormalDiag(tf.zeros(self.size), tf.ones(self.size))
        return tfd.TransformedDistribution(normal, tfb.Chain(chain))

    def get_config(self):
        """Returns the constructor's arguments."""
        fields = {"size": self.size, "num_layers": self.num_layers, "hidden": self.hidden}
        return {**super().get_config(), **fields}


def _shift_and_log_scale(network: keras.Model):
    """Returns the `shift_and_log_scale_fn` of `tfb.RealNVP` for a network."""

    def function(masked, outputs):
        flat = network(tf.reshape(masked, [-1, masked.shape[-1]]))
        shape = tf.concat([tf.shape(masked)[:-1], [2 * outputs]], axis=0)
        shift, raw = tf.split(tf.reshape(flat, shape), 2, axis=-1)
        return shift, _MAX_LOG_SCALE * tf.tanh(raw / _MAX_LOG_SCALE)

    return function
