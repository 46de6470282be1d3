"""The deterministic way up of a ladder."""

from collections.abc import Sequence

import keras

from tfvae.networks.network import Style


@keras.saving.register_keras_serializable("tfvae")
class LadderEncoder(keras.Model):
    """Data [B, ...] to parameters of every stochastic layer, top first, [B, sum of outputs].

    Sønderby et al. 2016 (arXiv:1602.02282): fully connected layers, block
    above block; each block gives the parameters of its stochastic layer, and goes on to the next.

    Args:
        outputs: parameters of each stochastic layer, bottom first: twice its size.
        hidden: units of the fully connected layers of each block, bottom first.
        activation: of the hidden layers.
        batch_normalization: whether every hidden layer is normalised over the batch.
        dtype: Keras dtype policy, such as "mixed_bfloat16".
        name: the model's name.

    Raises:
        ValueError: where `outputs` and `hidden` are not lists of one length.
    """

    def __init__(
        self,
        outputs: Sequence[int],
        hidden: Sequence[Sequence[int]],
        activation: str = "leaky_relu",
        batch_normalization: bool = False,
        dtype: str | None = None,
        name: str | None = None,
    ):
        if isinstance(outputs, int):
            raise ValueError(f"outputs is {outputs}; give a number for each block, bottom first")
        if len(outputs) != len(hidden):
            raise ValueError(
                f"hidden has {len(hidden)} blocks; outputs has {len(outputs)}, one for each"
            )
        super().__init__(name=name)
        style = Style(activation, batch_normalization, dtype)
        self._settings = {
            "outputs": list(outputs),
            "hidden": [list(units) for units in hidden],
            **style._asdict(),
        }
        self.flatten = keras.layers.Flatten(dtype=dtype)
        self.blocks = [
            keras.Sequential(
                [layer for units in block for layer in style.layers(keras.layers.Dense, units)]
            )
            for block in hidden
        ]
        self.taps = [keras.layers.Dense(count, dtype=dtype) for count in outputs]

    def call(self, inputs, training=False):
        """Returns the parameters, [B, sum of outputs]."""
        values, params = self.flatten(inputs), []
        for block, tap in zip(self.blocks, self.taps, strict=True):
            values = block(values, training=training)
            params.append(tap(values))
        return keras.ops.concatenate(params[::-1], axis=-1)

    def get_config(self) -> dict:
        """Returns the constructor's arguments."""
        return {**self._settings, "name": self.name}

    @classmethod
    def from_config(cls, config: dict, custom_objects=None):
        """Returns the network of `get_config`."""
        del custom_objects
        return cls(**config)
