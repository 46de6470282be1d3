"""Fully connected networks."""

import math
from collections.abc import Sequence

import keras

from tfvae.networks.network import DecoderNetwork, Network, Style, as_list

LAYERS = keras.layers


@keras.saving.register_keras_serializable("tfvae")
class DenseEncoder(Network):
    """Fully connected encoder: data [B, ...] to parameters [B, outputs].

    The defaults are those of disentanglement_lib; `hidden=(200, 200), activation="tanh"` is the
    network of Burda et al. 2016 (arXiv:1509.00519) with one stochastic layer.

    Args:
        outputs: number of parameters per example, the posterior's `params_size`.
        hidden: units of each hidden layer; a single number is one layer.
        activation: activation of the hidden layers.
        batch_normalization: whether to apply batch normalization to every hidden layer.
        dtype: Keras dtype policy, such as "mixed_bfloat16".
        name: name of the model.
    """

    def __init__(
        self,
        outputs: int,
        hidden: int | Sequence[int] = (1200, 1200),
        activation: str = "relu",
        batch_normalization: bool = False,
        dtype: str | None = None,
        name: str | None = None,
    ):
        style = Style(activation, batch_normalization, dtype)
        layers: list[keras.layers.Layer] = [LAYERS.Flatten(dtype=dtype)]
        for units in as_list(hidden):
            layers += style.layers(LAYERS.Dense, units)
        layers += [LAYERS.Dense(outputs, dtype=dtype)]
        super().__init__(
            layers, {"outputs": outputs, "hidden": as_list(hidden), **style._asdict()}, name
        )


@keras.saving.register_keras_serializable("tfvae")
class DenseDecoder(DecoderNetwork):
    """Fully connected decoder: latents [B, d] to parameters [B, ..., C * outputs_per_value].

    Args:
        data_shape: shape of an example, such as (H, W, C).
        outputs_per_value: parameters per value, the likelihood's `params_size`.
        hidden: units of each hidden layer; a single number is one layer.
        activation: activation of the hidden layers.
        batch_normalization: whether to apply batch normalization to every hidden layer.
        dtype: Keras dtype policy, such as "mixed_bfloat16".
        name: name of the model.
    """

    def __init__(
        self,
        data_shape: Sequence[int],
        outputs_per_value: int = 1,
        hidden: int | Sequence[int] = (1200, 1200, 1200),
        activation: str = "tanh",
        batch_normalization: bool = False,
        dtype: str | None = None,
        name: str | None = None,
    ):
        style = Style(activation, batch_normalization, dtype)
        layers: list[keras.layers.Layer] = []
        for units in as_list(hidden):
            layers += style.layers(LAYERS.Dense, units)
        layers += [LAYERS.Dense(math.prod(data_shape) * outputs_per_value, dtype=dtype)]
        shape = (*data_shape[:-1], data_shape[-1] * outputs_per_value)
        layers += [LAYERS.Reshape(shape, dtype=dtype)]
        settings = {
            "data_shape": list(data_shape),
            "outputs_per_value": outputs_per_value,
            "hidden": as_list(hidden),
            **style._asdict(),
        }
        super().__init__(layers, settings, name)
