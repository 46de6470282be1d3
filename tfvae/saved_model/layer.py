"""A signature of an exported model as a Keras layer."""

import keras

from tfvae.saved_model.load import load


@keras.saving.register_keras_serializable("tfvae")
class SignatureLayer(keras.layers.Layer):
    """Calls a signature of an exported model; its weights are not trained.

    Unlike `keras.layers.TFSMLayer` it takes several inputs, as a dictionary or in the alphabetical
    order of their names. A Keras model with this layer is saved with the path, not the weights.

    Example (whole programs are in examples/):
        encode = SignatureLayer("saved_models/shapes", "encode")
        codes = encode(keras.Input([64, 64, 1]))["mean"]

    Args:
        model_path: the directory of one version, or a model's base path for its newest version.
        signature: name of the signature.

    Raises:
        FileNotFoundError: if there is no exported model.
        KeyError: if it has no such signature.
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
