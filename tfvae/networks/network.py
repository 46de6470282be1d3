"""Base classes of the published networks."""

from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np


class Network(keras.Sequential):
    """A `keras.Sequential` that is saved by its constructor's arguments, not layer by layer.

    Args:
        layers: the layers, first to last.
        settings: the subclass's constructor arguments, for `get_config`.
        name: name of the model.
    """

    def __init__(self, layers: Sequence[keras.layers.Layer], settings: dict, name: str | None):
        super().__init__(list(layers), name=name)
        self._settings = settings

    def get_config(self) -> dict:
        """Returns the constructor's arguments."""
        return {**self._settings, "name": self.name}

    @classmethod
    def from_config(cls, config: dict, custom_objects=None):
        """Creates the network from the output of `get_config`."""
        del custom_objects
        return cls(**config)


class DecoderNetwork(Network):
    """A network with an output bias in its last layer, one per value or channel."""

    def set_output_mean(self, mean: np.ndarray) -> None:
        """Sets the output bias to the logits of the data's mean (Burda et al. 2016, appendix).

        Args:
            mean: mean image in [0, 1], [H, W, C]; clipped to [1e-3, 1 - 1e-3].

        Raises:
            ValueError: if the network does not have one logit per value.
        """
        output = next(layer for layer in reversed(self.layers) if layer.weights)
        (size,) = output.bias.shape
        # A dense layer has a bias per value, a convolution one per channel.
        mean = np.asarray(mean, np.float32)
        mean = mean.reshape(-1) if size == mean.size else mean.mean((0, 1))
        if mean.size != size:
            raise ValueError(f"the network has {size} output biases for {mean.size} means")
        mean = np.clip(mean, 1e-3, 1 - 1e-3)
        output.bias.assign(np.log(mean / (1 - mean)))


def as_list(hidden: int | Sequence[int]) -> list[int]:
    """Returns the units of each hidden layer; a single number is one layer."""
    return [hidden] if isinstance(hidden, int) else list(hidden)


class Style(NamedTuple):
    """Settings shared by the hidden layers of a network.

    Attributes:
        activation: activation of each layer.
        batch_normalization: whether to apply batch normalization, over the global batch of all
            replicas. In a network between stochastic layers, the moving statistics are updated
            twice per step: when a layer is sampled, and when its density is evaluated.
        dtype: Keras dtype policy.
    """

    activation: str
    batch_normalization: bool
    dtype: str | None

    def layers(self, layer: type[keras.layers.Layer], *args, **kwargs) -> list[keras.layers.Layer]:
        """Returns a layer, batch normalization if enabled, and the activation."""
        if not self.batch_normalization:
            return [layer(*args, activation=self.activation, dtype=self.dtype, **kwargs)]
        return [
            layer(*args, use_bias=False, dtype=self.dtype, **kwargs),
            keras.layers.BatchNormalization(synchronized=True, dtype=self.dtype),
            keras.layers.Activation(self.activation, dtype=self.dtype),
        ]
