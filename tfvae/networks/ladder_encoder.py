"""The deterministic bottom-up network of a ladder VAE."""

from collections.abc import Sequence

import keras

from tfvae.networks.network import Style, as_list


@keras.saving.register_keras_serializable("tfvae")
class LadderEncoder(keras.Model):
    """Ladder encoder: data [B, ...] to the parameters of every stochastic layer.

    Sønderby et al. 2016 (arXiv:1602.02282): a stack of fully connected blocks; each block outputs
    the parameters of its stochastic layer and feeds the next block.

    Arguments and output are listed top layer first, as in `tfvae.heads.LadderPosterior` of the same
    `sizes`, although the bottom block is computed first. The output is [B, 2 * sum of sizes], mean
    then log-variance of each layer.

    Args:
        sizes: number of latents of each stochastic layer, top first.
        hidden: units of the fully connected layers of each block, top first; a single number for
            a block is one layer.
        activation: activation of the hidden layers.
        batch_normalization: whether to apply batch normalization to every hidden layer.
        dtype: Keras dtype policy, such as "mixed_bfloat16".
        name: name of the model.

    Raises:
        ValueError: if `sizes` and `hidden` are not lists of the same length.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        hidden: Sequence[int | Sequence[int]],
        activation: str = "leaky_relu",
        batch_normalization: bool = False,
        dtype: str | None = None,
        name: str | None = None,
    ):
        if isinstance(sizes, int):
            raise ValueError(f"sizes is {sizes}; give a list, one number per block")
        if len(sizes) != len(hidden):
            raise ValueError(
                f"hidden has {len(hidden)} blocks and sizes has {len(sizes)}; they must be equal"
            )
        super().__init__(name=name)
        style = Style(activation, batch_normalization, dtype)
        self._settings = {
            "sizes": list(sizes),
            "hidden": [as_list(units) for units in hidden],
            **style._asdict(),
        }
        self.flatten = keras.layers.Flatten(dtype=dtype)
        self.blocks = [
            keras.Sequential(
                [layer for units in block for layer in style.layers(keras.layers.Dense, units)]
            )
            for block in map(as_list, reversed(hidden))
        ]  # in the order of the computation: bottom first
        self.taps = [keras.layers.Dense(2 * size, dtype=dtype) for size in reversed(sizes)]

    def call(self, inputs, training=False):
        """Returns the parameters, [B, 2 * sum of sizes], top layer first."""
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
        return cls(**top_first(config))


def top_first(config: dict) -> dict:
    """Returns the arguments of a `LadderEncoder`, given those of this or of older versions.

    Older versions took `outputs`, twice the sizes, and `hidden`, both bottom first.
    """
    if "outputs" not in config:
        return config
    config = dict(config)
    sizes = [count // 2 for count in reversed(config.pop("outputs"))]
    return {**config, "sizes": sizes, "hidden": list(reversed(config["hidden"]))}
