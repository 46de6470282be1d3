"""A signature of an exported model as a Keras layer."""

import keras

from tfvae.saved_model.load import load


@keras.saving.register_keras_serializable("tfvae")
class SignatureLayer(keras.layers.Layer):
    """Calls a signature; its weights stay as they were exported.

    Unlike `keras.layers.TFSMLayer` it takes several inputs, as a dictionary or in the alphabetical
    order of their names. A Keras model that holds it is saved with the path, not the weights.

    Args:
        model_path: a version's directory, or a model's base path, whose newest version is taken.
        signature: name of the signature.

    Raises:
        FileNotFoundError: where there is no exported model.
        KeyError: where it has no such signature.
    """

    def __init__(self, model_path: str, signature: str, **kwargs):
        super().__init__(**{"trainable": False, "autocast": False, **kwargs})
        loaded = load(model_path)
        self.model_path, self.signature = loaded.path, signature
        self._function = loaded[signature]

    def call(self, inputs):
        """Returns the signature's outputs, by name."""
        return (
            self._function(*inputs) if isinstance(inputs, list | tuple) else self._function(inputs)
        )

    def get_config(self):
        """Returns the path of the version, and the signature."""
        return {**super().get_config(), "model_path": self.model_path, "signature": self.signature}
