"""An encoder of several modalities together."""

from collections.abc import Mapping, Sequence

import keras

from tfvae.networks.network import Style


@keras.saving.register_keras_serializable("tfvae")
class JointEncoder(keras.Model):
    """A dictionary of data {name: [B, ...]} to parameters [B, outputs].

    Each modality has a network of its own; what they give is activated, concatenated and encoded
    by fully connected layers.

    Args:
        outputs: number of parameters per example, the posterior's `params_size`.
        encoders: modality name to Keras network, data [B, ...] to features [B, n].
        hidden: units of each layer after the concatenation.
        activation: of the features and the hidden layers.
        dtype: Keras dtype policy, such as "mixed_bfloat16".
        name: the model's name.

    Raises:
        ValueError: where `encoders` is empty.
    """

    def __init__(
        self,
        outputs: int,
        encoders: Mapping[str, keras.Model],
        hidden: Sequence[int] = (512,),
        activation: str = "relu",
        dtype: str | None = None,
        name: str | None = None,
    ):
        if not encoders:
            raise ValueError("encoders is empty; a joint encoder needs one for each modality")
        super().__init__(name=name)
        style = Style(activation, batch_normalization=False, dtype=dtype)
        self.outputs_size = outputs
        self.encoders = dict(encoders)
        self.hidden = list(hidden)
        self.style = style
        layers: list[keras.layers.Layer] = [keras.layers.Activation(activation, dtype=dtype)]
        for units in hidden:
            layers += style.layers(keras.layers.Dense, units)
        self.head = keras.Sequential([*layers, keras.layers.Dense(outputs, dtype=dtype)])

    def call(self, inputs, training: bool = False):
        """Returns the parameters, [B, outputs].

        Raises:
            ValueError: for a dictionary that lacks a modality.
        """
        missing = [name for name in self.encoders if name not in inputs]
        if missing:
            raise ValueError(f"the joint encoder needs {', '.join(missing)} too")
        features = [
            encoder(inputs[name], training=training) for name, encoder in self.encoders.items()
        ]
        return self.head(keras.ops.concatenate(features, axis=-1), training=training)

    def get_config(self):
        """Returns the constructor's arguments, serialised."""
        return {
            "outputs": self.outputs_size,
            "encoders": keras.saving.serialize_keras_object(self.encoders),
            "hidden": self.hidden,
            "activation": self.style.activation,
            "dtype": self.style.dtype,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Returns the network of `get_config`, with new weights."""
        return cls(**keras.saving.deserialize_keras_object(config, custom_objects=custom_objects))
