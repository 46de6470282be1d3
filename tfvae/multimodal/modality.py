"""One modality of a model: its networks and its likelihood."""

import keras
import tensorflow as tf

from tfvae.arguments import require_positive
from tfvae.distributions.distribution_layer import DistributionLayer
from tfvae.models import shapes


@keras.saving.register_keras_serializable("tfvae")
class Modality(DistributionLayer):
    """The encoder, decoder and likelihood of one modality x_m; call it on latents for p(x_m|z).

    Args:
        encoder: Keras network, data [B, ...] to the parameters of q(z|x_m), [B, outputs].
        decoder: Keras network, latents [B, d] to the likelihood's parameters [B, ..., outputs].
        likelihood: parameters to p(x_m|z); a head, or any serialisable function.
        weight: factor on log p(x_m|z) in the loss, above 0, so that 784 pixels need not outweigh a
            label of three bits; bounds and likelihoods are never weighted.
        name: the layer's name.

    Attributes:
        data_shape: shape of an example, known once the modality belongs to a model.
        data_dtype: dtype of the data; the likelihood's `data_dtype`, float32 if it has none.

    Raises:
        ValueError: if `weight` is not above 0.
    """

    takes_training = True

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        likelihood,
        weight: float = 1.0,
        name: str | None = None,
    ):
        require_positive("weight", weight)
        super().__init__(name)
        self.encoder = encoder
        self.decoder = decoder
        self.likelihood = likelihood
        self.weight = weight
        self.data_dtype = tf.as_dtype(getattr(likelihood, "data_dtype", "float32"))
        self.data_shape: tuple[int, ...] = ()

    @property
    def support(self) -> tuple[float, float] | None:
        """(low, high), the likelihood's support; None if unbounded."""
        return getattr(self.likelihood, "support", None)

    def build_networks(self, posterior, prior) -> None:
        """Builds the networks that are not built yet and checks the sizes.

        Raises:
            ValueError: if sizes do not match (the message names them).
        """
        shapes.require_same_layers(posterior, prior)
        self.data_shape = shapes.build_decoder(self.decoder, self.likelihood, prior)
        shapes.build_encoder(self.encoder, posterior, prior, self.data_shape)

    def parameters(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns the parameters of q(z|x_m), float32 [B, outputs]."""
        return tf.cast(self.encoder(x, training=training), tf.float32)

    def distribution(self, z: tf.Tensor, training: bool = False):
        """Returns p(x_m|z) for latents [..., d]: batch [...], event the data's shape."""
        return shapes.decoded(self.decoder, self.likelihood, z, training)

    def get_config(self):
        """Returns the constructor's arguments, serialised."""
        fields = ("encoder", "decoder", "likelihood", "weight")
        return {
            **super().get_config(),
            **{
                field: keras.saving.serialize_keras_object(getattr(self, field)) for field in fields
            },
        }

    @classmethod
    def from_config(cls, config: dict):
        """Returns the modality of `get_config`, with new weights."""
        return cls(**keras.saving.deserialize_keras_object(config))
