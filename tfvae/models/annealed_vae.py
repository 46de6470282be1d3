"""AnnealedVAE: the KL follows an increasing capacity."""

import keras
import tensorflow as tf

from tfvae import global_batch
from tfvae.coefficients import Coefficient
from tfvae.models.vae import VAE
from tfvae.schedules import Linear, NumberOrSchedule


@keras.saving.register_keras_serializable("tfvae")
class AnnealedVAE(VAE):
    """L = E_q[log p(x|z)] - gamma |E_x KL(q(z|x) || p(z)) - C|.

    Burgess et al. 2018 (arXiv:1804.03599), equation 8; the mean KL over the global batch is inside
    the absolute value.

    Args:
        gamma: weight of the distance from the capacity, a number or a schedule of the step.
        capacity: C in nats, a number or a schedule; by default from 0 to 25 over 100,000 steps.
        kwargs: the arguments of `VAE`.
    """

    gamma = Coefficient()
    capacity = Coefficient()

    def __init__(
        self,
        *args,
        gamma: NumberOrSchedule = 1000.0,
        capacity: NumberOrSchedule | None = None,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        self.gamma = gamma
        self.capacity = Linear(0.0, 25.0, 100_000) if capacity is None else capacity

    def objective(self, x, seeds, training):
        """Returns the terms of the loss, each [B] in nats."""
        bound = self.bound(x, seeds, training)
        mean_kl = tf.reduce_mean(global_batch.gather(bound.kl))
        distance = self.kl_weight * tf.abs(mean_kl - self.capacity)
        return self.terms(bound, bound.reconstruction - self.gamma * distance)
