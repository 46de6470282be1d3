"""Adversarial training against a discriminator, for models of any level."""

from typing import Any

import keras
import tensorflow as tf

from tfvae.models.generative_model import GenerativeModel
from tfvae.networks import Discriminator
from tfvae.training.players import Player, loss_scaled


class Adversarial(GenerativeModel):
    """A mixin that adds a discriminator; the first base class: `class FactorVAE(Adversarial, VAE)`.

    The terms of `objective` include "discriminator_loss", as `cross_entropy` returns it. Players
    move simultaneously unless `players` is overridden. During `fit`, a callback that sets the
    learning rate of `optimizer`, such as ReduceLROnPlateau, changes that of the discriminator in
    proportion (`tfvae.training.learning_rates`).

    Args:
        discriminator: Keras network, examples [B, *discriminated_shape] to one or two logits; if
            None, six layers of 1000 units, the network of FactorVAE.
        args: the arguments of the other base.
        kwargs: the same, by name.
    """

    def __init__(self, *args, discriminator: keras.Model | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        self.discriminator = Discriminator() if discriminator is None else discriminator
        if not self.discriminator.built:
            self.discriminator.build((None, *self.discriminated_shape))

    @property
    def discriminated_shape(self) -> tuple[int, ...]:
        """Shape of one example for the discriminator; by default that of a latent."""
        return self.latent_shape

    def default_discriminator_optimizer(self) -> keras.optimizers.Optimizer | None:
        """Returns the discriminator's optimizer if `compile` gets none; None if it is required."""
        return None

    def compile(self, optimizer: Any = "adam", *, discriminator_optimizer=None, **kwargs) -> None:
        """Prepares for training; see `TrainableModel.compile`.

        Args:
            optimizer: optimizer of all variables except the discriminator's.
            discriminator_optimizer: optimizer of the discriminator; if None, the model's default.
            kwargs: the other arguments of `TrainableModel.compile`.

        Raises:
            ValueError: if there is no discriminator optimizer and no default.
        """
        chosen = discriminator_optimizer or self.default_discriminator_optimizer()
        if chosen is None:
            raise ValueError(
                f"discriminator_optimizer is None; {type(self).__name__} has no default: give one, "
                "such as keras.optimizers.Adam(1e-4, 0.5, 0.9)"
            )
        with self.distribute_strategy.scope():
            self.discriminator_optimizer = loss_scaled(self, chosen)
        super().compile(optimizer, **kwargs)

    def players(self) -> list[Player]:
        """Returns the model and its discriminator."""
        discriminating = self.discriminator.trainable_variables
        discriminator_ids = {id(variable) for variable in discriminating}
        others = [v for v in self.trainable_variables if id(v) not in discriminator_ids]
        return [
            Player("loss", self.optimizer, others),
            Player("discriminator_loss", self.discriminator_optimizer, discriminating),
        ]

    def log_density_ratio(self, x: tf.Tensor) -> tf.Tensor:
        """Returns the discriminator's estimate of log(real density / fake density), [...].

        Args:
            x: examples, [..., *discriminated_shape].
        """
        batch_ndims = x.shape.rank - len(self.discriminated_shape)
        rows = tf.reshape(x, [-1, *x.shape[batch_ndims:]])
        logits = tf.cast(self.discriminator(rows), tf.float32)
        ratio = logits[:, 0] if logits.shape[-1] == 1 else logits[:, 0] - logits[:, 1]
        return tf.reshape(ratio, tf.shape(x)[:batch_ndims])

    def cross_entropy(self, real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
        """Returns the discriminator's loss, [b1 + b2], on examples [b1, ...] and [b2, ...].

        Each set goes through the discriminator separately, so that batch normalisation does not
        mix them, and no gradient flows back to the examples.
        """
        real_logit = self.log_density_ratio(tf.stop_gradient(real))
        fake_logit = self.log_density_ratio(tf.stop_gradient(fake))
        return tf.concat([tf.nn.softplus(-real_logit), tf.nn.softplus(fake_logit)], axis=0)

    def get_compile_config(self) -> dict | None:
        """Returns the arguments of `compile`; None if it was not called."""
        config = super().get_compile_config()
        if config is None:
            return None
        optimizer = keras.saving.serialize_keras_object(self.discriminator_optimizer)
        return {**config, "discriminator_optimizer": optimizer}
