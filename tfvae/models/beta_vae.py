"""beta-VAE."""

import keras

from tfvae.coefficients import Coefficient
from tfvae.models.vae import VAE
from tfvae.schedules import NumberOrSchedule


@keras.saving.register_keras_serializable("tfvae")
class BetaVAE(VAE):
    """L(x) = E_q[log p(x|z)] - beta KL(q(z|x) || p(z)).

    Higgins et al. 2017 ("beta-VAE", ICLR), equation 4.

    Args:
        beta: weight of the KL, a number or a schedule of the step.
        kwargs: the arguments of `VAE`.
    """

    beta = Coefficient()

    def __init__(self, *args, beta: NumberOrSchedule = 4.0, **kwargs):
        super().__init__(*args, **kwargs)
        self.beta = beta

    def objective(self, x, seeds, training):
        """Returns the terms of the loss, each [B] in nats."""
        bound = self.bound(x, seeds, training)
        return self.terms(bound, bound.reconstruction - self.beta * self.kl_weight * bound.kl)
