"""beta-VAE."""

import keras

from tfvae import schedules
from tfvae.models.vae import VAE


@keras.saving.register_keras_serializable("tfvae")
class BetaVAE(VAE):
    """L(x) = E_q[log p(x|z)] - beta KL(q(z|x) || p(z)).

    Higgins et al. 2017 ("beta-VAE", ICLR), equation 4.

    Args:
        beta: weight of the KL, a number or a schedule of the step.
        kwargs: the arguments of `VAE`.
    """

    settings = (*VAE.settings, "beta")

    def __init__(self, *args, beta: schedules.Coefficient = 4.0, **kwargs):
        super().__init__(*args, **kwargs)
        self.beta = beta

    def objective(self, x, seeds, training):
        """Returns the terms of the loss, each [B] in nats."""
        bound = self.bound(x, seeds, training)
        beta = schedules.value(self.beta, self.step)
        return self.terms(bound, bound.reconstruction - beta * self.warmed_up * bound.kl)
