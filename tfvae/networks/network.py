"""What the published networks share: a Sequential described by its constructor's arguments."""

from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np


class Network(keras.Sequential):
    """A Sequential that is saved as its constructor's arguments rather than layer by layer.

    Args:
        layers: the layers, first to last.
        settings: the subclass's constructor arguments, for `get_config`.
        name: the model's name.
    """

    def __init__(self, layers: Sequence[keras.layers.Layer], settings: dict, name: str | None):
        super().__init__(list(layers), name=name)
        self._settings = settings

    def get_config(self) -> dict:
        """Returns the constructor's arguments."""
        return {**self._settings, "name": self.name}

    @classmethod
    def from_config(cls, config: dict, custom_objects=None):
        """Returns the network of `get_config`."""
        del custom_objects
        return cls(**config)


class DecoderNetwork(Network):
    """A network whose last weights include an output bias, one per value or channel."""

    def set_output_mean(self, mean: np.ndarray) -> None:
        """Starts the outputs at the logits of the data's mean (Burda et al. 2016, appendix).

        Args:
            mean: mean image in [0, 1], [H, W, C]; kept 1e-3 away from 0 and 1.

        Raises:
            ValueError: where the network has other outputs than one logit per value.
        """
        output = next(layer for layer in reversed(self.layers) if layer.weights)
        (size,) = output.bias.shape
        # A dense output has a bias per value, a convolution's is shared by all positions.
        mean = np.asarray(mean, np.float32)
        mean = mean.reshape(-1) if size == mean.size else mean.mean((0, 1))
        if mean.size != size:
            raise ValueError(f"the network has {size} output biases for {mean.size} means")
        mean = np.clip(mean, 1e-3, 1 - 1e-3)
        output.bias.assign(np.log(mean / (1 - mean)))


class Style(NamedTuple):
    """What the hidden layers of a network share.

    Attributes:
        activation: of each layer.
        batch_normalization: whether each layer is normalised over the global batch, whatever the
            number of replicas. The moving statistics of a network between stochastic layers move
            twice a step: where a layer is drawn, and where the draw is scored.
        dtype: Keras dtype policy.
    """

    activation: str
    batch_normalization: bool
    dtype: str | None

    def layers(self, layer: type[keras.layers.Layer], *args, **kwargs) -> list[keras.layers.Layer]:
        """Returns a layer, its normalisation if asked for, and its activation."""
        if not self.batch_normalization:
            return [layer(*args, activation=self.activation, dtype=self.dtype, **kwargs)]
        return [
            layer(*args, use_bias=False, dtype=self.dtype, **kwargs),
            keras.layers.BatchNormalization(synchronized=True, dtype=self.dtype),
            keras.layers.Activation(self.activation, dtype=self.dtype),
        ]
