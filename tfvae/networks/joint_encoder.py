"""A joint encoder of several modalities."""

from collections.abc import Mapping, Sequence

import keras

from tfvae.networks.network import Style, as_list


@keras.saving.register_keras_serializable("tfvae")
class JointEncoder(keras.Model):
    """Joint encoder: a dictionary of data {name: [B, ...]} to parameters [B, outputs].

    Each modality has its own network; their outputs are activated, concatenated and encoded by
    fully connected layers.

    Args:
        outputs: number of parameters per example, the posterior's `params_size`.
        encoders: modality names to Keras networks that map data [B, ...] to features [B, n].
        hidden: units of each layer after the concatenation; a single number is one layer.
        activation: activation of the features and the hidden layers.
        dtype: Keras dtype policy, such as "mixed_bfloat16".
        name: name of the model.

    Raises:
        ValueError: if `encoders` is empty.
    """

    def __init__(
        self,
        outputs: int,
        encoders: Mapping[str, keras.Model],
        hidden: int | Sequence[int] = (512,),
        activation: str = "relu",
        dtype: str | None = None,
        name: str | None = None,
    ):
        if not encoders:
            raise ValueError("encoders is empty; a joint encoder needs one per modality")
        super().__init__(name=name)
        style = Style(activation, batch_normalization=False, dtype=dtype)
        self.outputs_size = outputs
        self.encoders = dict(encoders)
        self.hidden = as_list(hidden)
        self.style = style
        layers: list[keras.layers.Layer] = [keras.layers.Activation(activation, dtype=dtype)]
        for units in self.hidden:
            layers += style.layers(keras.layers.Dense, units)
        self.head = keras.Sequential([*layers, keras.layers.Dense(outputs, dtype=dtype)])

    def call(self, inputs, training: bool = False):
        """Returns the parameters, [B, outputs].

        Raises:
            ValueError: if `inputs` lacks a modality.
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
        """Creates the network from the output of `get_config`, with new weights."""
        return cls(**keras.saving.deserialize_keras_object(config, custom_objects=custom_objects))
