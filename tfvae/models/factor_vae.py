"""FactorVAE."""

import keras
import tensorflow as tf

from tfvae import noise, schedules
from tfvae.draw import draw
from tfvae.estimators.permutation import permuted_dimensions
from tfvae.models.vae import VAE
from tfvae.networks import Discriminator
from tfvae.training.players import Player


@keras.saving.register_keras_serializable("tfvae")
class FactorVAE(VAE):
    """L(x) = E_q[log p(x|z)] - KL(q(z|x) || p(z)) - gamma KL(q(z) || prod_j q(z_j)).

    Kim & Mnih 2018 (arXiv:1802.05983), equation 2 and algorithm 2. The last term, the total
    correlation, is a discriminator's log density ratio (equation 3). The incoming batch is split by
    row: even rows are the batch that the VAE learns from and whose z are the discriminator's
    real ones, odd rows the second batch, whose z are permuted: `batches(128)` is the
    published 64 + 64. In evaluation every row is of the first batch, and drawn anew for the second.

    Args:
        gamma: weight of the total correlation, a number or a schedule of the step.
        discriminator: Keras network, latents [B, d] to two logits; the published one where None.
        kwargs: the arguments of `VAE`.
    """

    term_names = (*VAE.term_names, "total_correlation", "discriminator_loss")

    def __init__(
        self,
        *args,
        gamma: schedules.Coefficient = 40.0,
        discriminator: keras.Model | None = None,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        self.gamma = gamma
        self.discriminator = Discriminator() if discriminator is None else discriminator
        if not self.discriminator.built:
            self.discriminator.build((None, *self.latent_shape))

    def compile(self, optimizer="adam", *, discriminator_optimizer=None, **kwargs) -> None:
        """Prepares for training; see `TrainableModel.compile`.

        Args:
            optimizer: of the VAE.
            discriminator_optimizer: of the discriminator; Adam(1e-4, 0.5, 0.9), as published,
                where None.
            kwargs: the other arguments of `TrainableModel.compile`.
        """
        with self.distribute_strategy.scope():
            self.discriminator_optimizer = keras.optimizers.get(
                discriminator_optimizer or keras.optimizers.Adam(1e-4, 0.5, 0.9)
            )
        super().compile(optimizer, **kwargs)

    def players(self):
        """The VAE against the discriminator."""
        theirs = self.discriminator.trainable_variables
        paths = {id(variable) for variable in theirs}
        ours = [v for v in self.trainable_variables if id(v) not in paths]
        return [
            Player("loss", self.optimizer, ours),
            Player("discriminator_loss", self.discriminator_optimizer, theirs),
        ]

    def training_batch(self, x, seeds, first_row):
        """Splits the batch by the parity of the global row."""
        odd = tf.cast((first_row + tf.range(tf.shape(x, tf.int64)[0])) % 2, tf.bool)
        first, second = ((tf.boolean_mask(x, m), tf.boolean_mask(seeds, m)) for m in (~odd, odd))
        return {"x": first[0], "seeds": first[1], "second": second}

    def objective(self, x, seeds, training, second=None):
        """Returns the terms of the losses in nats, the discriminator's over both its batches."""
        bound = self.bound(x, seeds, training)
        logit = self.log_density_ratio(bound.latent)
        total_correlation = tf.reduce_mean(logit, axis=0)  # E[log D / (1 - D)]
        gamma = schedules.value(self.gamma, self.step)
        objective = bound.reconstruction - self.warmed_up * bound.kl - gamma * total_correlation

        x2, seeds2 = second or (x, noise.fold_in(seeds, "second batch"))
        z2 = draw(self.encode(x2, training), noise.fold_in(seeds2, "posterior"))[0]
        permuted = permuted_dimensions(z2, noise.fold_in(seeds2, "permutation"))
        real = self.log_density_ratio(tf.stop_gradient(bound.latent[0]))
        fake = self.log_density_ratio(tf.stop_gradient(permuted))
        cross_entropy = tf.concat([tf.nn.softplus(-real), tf.nn.softplus(fake)], axis=0)
        return {
            **self.terms(bound, objective),
            "total_correlation": total_correlation,
            "discriminator_loss": cross_entropy,
        }

    def log_density_ratio(self, z: tf.Tensor) -> tf.Tensor:
        """Returns the discriminator's log(q(z) / prod_j q(z_j)) for z [..., d], [...]."""
        logits = tf.cast(self.discriminator(tf.reshape(z, [-1, z.shape[-1]])), tf.float32)
        return tf.reshape(logits[:, 0] - logits[:, 1], tf.shape(z)[:-1])

    def get_compile_config(self):
        """Returns the arguments of `compile`."""
        optimizer = keras.saving.serialize_keras_object(self.discriminator_optimizer)
        return {**super().get_compile_config(), "discriminator_optimizer": optimizer}

    def get_config(self):
        """Returns the constructor's arguments, serialised."""
        parts = {
            key: keras.saving.serialize_keras_object(getattr(self, key))
            for key in ("gamma", "discriminator")
        }
        return {**super().get_config(), **parts}
