"""Base class of posteriors and priors with several stochastic layers."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from tfvae.distributions.chain import Conditional
from tfvae.distributions.distribution_layer import DistributionLayer


class Layered(DistributionLayer):
    """Stochastic layers with a network between each two, [n, d_l] to the next layer's parameters.

    Args:
        first_size: d of the first layer in sampling order.
        heads: posterior heads of the other layers, in sampling order.
        networks: Keras networks, one before each of these heads.
        name: name of the layer.

    Raises:
        ValueError: if the number of networks or their output sizes do not match the heads.
    """

    takes_training = True

    def __init__(
        self,
        first_size: int,
        heads: Sequence,
        networks: Sequence[keras.Model],
        name: str | None = None,
    ):
        super().__init__(name)
        if len(networks) != len(heads):
            raise ValueError(
                f"networks has {len(networks)} entries; it must have {len(heads)}, one between "
                "each two stochastic layers"
            )
        self.networks = list(networks)
        self.sizes = [first_size, *(size_of(head) for head in heads)]
        for number, (network, head) in enumerate(zip(networks, heads, strict=True)):
            outputs = tuple(network(keras.KerasTensor((None, self.sizes[number]))).shape[1:])
            if outputs != (head.params_size,):
                raise ValueError(
                    f"networks[{number}] has outputs of shape {list(outputs)}; the "
                    f"{type(head).__name__} after it needs [{head.params_size}] "
                    f"(outputs={head.params_size})"
                )

    def conditionals(self, heads: Sequence, training: bool) -> list[Conditional]:
        """Returns p(z_l|z_{l-1}) for the layers after the first, in sampling order."""

        def conditional(network, head):
            return lambda previous, _: head(
                tf.cast(network(previous, training=training), tf.float32)
            )

        return [
            conditional(network, head) for network, head in zip(self.networks, heads, strict=True)
        ]

    @classmethod
    def from_config(cls, config: dict, custom_objects=None):
        """Creates the layer from the output of `get_config`, with new weights."""
        return cls(**keras.saving.deserialize_keras_object(config, custom_objects=custom_objects))


def size_of(head) -> int:
    """Returns the number of latent dimensions, d, of a posterior head."""
    (size,) = head(tf.zeros([1, head.params_size])).event_shape
    return size
