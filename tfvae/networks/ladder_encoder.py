"""The deterministic bottom-up network of a ladder VAE."""

from collections.abc import Sequence

import keras

from tfvae.networks.network import Style, as_list


@keras.saving.register_keras_serializable("tfvae")
class LadderEncoder(keras.Model):
    """Ladder encoder: data [B, ...] to the parameters of every stochastic layer.

    Sønderby et al. 2016 (arXiv:1602.02282): a stack of fully connected blocks; each block outputs
    the parameters of its stochastic layer and feeds the next block.

    The arguments are listed bottom layer first, the order of the computation. The output,
    [B, sum of outputs], is top layer first, as `tfvae.heads.LadderPosterior` expects.

    Args:
        outputs: number of parameters of each stochastic layer, bottom first: twice its size.
        hidden: units of the fully connected layers of each block, bottom first; a single number
            for a block is one layer.
        activation: activation of the hidden layers.
        batch_normalization: whether to apply batch normalization to every hidden layer.
        dtype: Keras dtype policy, such as "mixed_bfloat16".
        name: name of the model.

    Raises:
        ValueError: if `outputs` and `hidden` are not lists of the same length.
    """

    def __init__(
        self,
        outputs: Sequence[int],
        hidden: Sequence[int | Sequence[int]],
        activation: str = "leaky_relu",
        batch_normalization: bool = False,
        dtype: str | None = None,
        name: str | None = None,
    ):
        if isinstance(outputs, int):
            raise ValueError(f"outputs is {outputs}; give a list, one number per block")
        if len(outputs) != len(hidden):
            raise ValueError(
                f"hidden has {len(hidden)} blocks and outputs has {len(outputs)}; they must be "
                "equal"
            )
        super().__init__(name=name)
        style = Style(activation, batch_normalization, dtype)
        self._settings = {
            "outputs": list(outputs),
            "hidden": [as_list(units) for units in hidden],
            **style._asdict(),
        }
        self.flatten = keras.layers.Flatten(dtype=dtype)
        self.blocks = [
            keras.Sequential(
                [layer for units in block for layer in style.layers(keras.layers.Dense, units)]
            )
            for block in map(as_list, hidden)
        ]
        self.taps = [keras.layers.Dense(count, dtype=dtype) for count in outputs]

    def call(self, inputs, training=False):
        """Returns the parameters, [B, sum of outputs], top layer first."""
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
        """Creates the network from the output of `get_config`."""
        del custom_objects
        return cls(**config)
