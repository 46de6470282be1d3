"""The discriminator of FactorVAE."""

from collections.abc import Sequence

import keras

from tfvae.networks.network import Network, as_list


@keras.saving.register_keras_serializable("tfvae")
class Discriminator(Network):
    """Discriminator: latents [B, d] to two logits [B, 2], for q(z) and for permuted latents.

    Kim & Mnih 2018 (arXiv:1802.05983), appendix A: six layers of 1000 leaky ReLU units.

    Args:
        hidden: units of each hidden layer; a single number is one layer.
        negative_slope: negative slope of the leaky ReLU.
        dtype: Keras dtype policy, such as "mixed_bfloat16".
        name: name of the model.
    """

    def __init__(
        self,
        hidden: int | Sequence[int] = (1000,) * 6,
        negative_slope: float = 0.2,
        dtype: str | None = None,
        name: str | None = None,
    ):
        layers: list[keras.layers.Layer] = []
        for units in as_list(hidden):
            layers += [
                keras.layers.Dense(units, dtype=dtype),
                keras.layers.LeakyReLU(negative_slope, dtype=dtype),
            ]
        layers += [keras.layers.Dense(2, dtype=dtype)]
        settings = {"hidden": as_list(hidden), "negative_slope": negative_slope, "dtype": dtype}
        super().__init__(layers, settings, name)
