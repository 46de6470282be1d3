"""What models with a discriminator share: two players and the log density ratio."""

from typing import Any

import keras
import tensorflow as tf

from tfvae.models.vae import VAE
from tfvae.networks import Discriminator
from tfvae.training.players import Player, loss_scaled


class AdversarialVAE(VAE):
    """A VAE against a discriminator of two sets of latents; a subclass gives the objective.

    Its terms must hold "discriminator_loss", from latents through which no gradient flows.

    Args:
        discriminator: Keras network, latents [B, d] to two logits; six layers of 1000 where None.
        kwargs: the arguments of `VAE`.
    """

    def __init__(self, *args, discriminator: keras.Model | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        self.discriminator = Discriminator() if discriminator is None else discriminator
        if not self.discriminator.built:
            self.discriminator.build((None, *self.latent_shape))

    def compile(self, optimizer: Any = "adam", *, discriminator_optimizer=None, **kwargs) -> None:
        """Prepares for training; see `TrainableModel.compile`.

        Args:
            optimizer: of the VAE.
            discriminator_optimizer: of the discriminator; Adam(1e-4, 0.5, 0.9), that of
                FactorVAE, where None.
            kwargs: the other arguments of `TrainableModel.compile`.
        """
        with self.distribute_strategy.scope():
            self.discriminator_optimizer = loss_scaled(
                self, discriminator_optimizer or keras.optimizers.Adam(1e-4, 0.5, 0.9)
            )
        super().compile(optimizer, **kwargs)

    def players(self):
        """The VAE against the discriminator."""
        theirs = self.discriminator.trainable_variables
        numbers = {id(variable) for variable in theirs}
        ours = [v for v in self.trainable_variables if id(v) not in numbers]
        return [
            Player("loss", self.optimizer, ours),
            Player("discriminator_loss", self.discriminator_optimizer, theirs),
        ]

    def log_density_ratio(self, z: tf.Tensor) -> tf.Tensor:
        """Returns the discriminator's log of first over second density at z [..., d], [...]."""
        logits = tf.cast(self.discriminator(tf.reshape(z, [-1, z.shape[-1]])), tf.float32)
        return tf.reshape(logits[:, 0] - logits[:, 1], tf.shape(z)[:-1])

    def cross_entropy(self, first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
        """Returns the discriminator's loss, [b1 + b2], on latents [b1, d] and [b2, d].

        Both pass the discriminator at once, and no gradient reaches whoever made them.
        """
        logit = self.log_density_ratio(tf.stop_gradient(tf.concat([first, second], axis=0)))
        size = tf.shape(first)[0]
        return tf.concat([tf.nn.softplus(-logit[:size]), tf.nn.softplus(logit[size:])], axis=0)

    def get_compile_config(self):
        """Returns the arguments of `compile`."""
        optimizer = keras.saving.serialize_keras_object(self.discriminator_optimizer)
        return {**super().get_compile_config(), "discriminator_optimizer": optimizer}
