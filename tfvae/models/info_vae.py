"""InfoVAE, with the maximum mean discrepancy."""

import keras
import tensorflow as tf

from tfvae import noise
from tfvae.coefficients import Coefficient
from tfvae.distributions.sampling import sample_with_seeds
from tfvae.estimators import maximum_mean_discrepancy
from tfvae.estimators.maximum_mean_discrepancy import require_kernel
from tfvae.models.vae import VAE
from tfvae.schedules import NumberOrSchedule


@keras.saving.register_keras_serializable("tfvae")
class InfoVAE(VAE):
    """L(x) = E_q[log p(x|z)] - (1 - alpha) KL(q(z|x) || p(z)) - (alpha + lambda - 1) D(q(z), p(z)).

    Zhao et al. 2017 (arXiv:1706.02262), equation 6, with the maximum mean discrepancy as D,
    estimated from one sample of each distribution per row of the global batch. alpha = 0 and
    lambda = 1 give the VAE.

    Args:
        alpha: weight of the mutual information, a number or a schedule of the step.
        lambda_mmd: lambda, a number or a schedule of the step.
        kernel: "gaussian" or "inverse_multiquadratic".
        kwargs: the arguments of `VAE`.

    Raises:
        ValueError: if the kernel is unknown.
    """

    term_names = (*VAE.term_names, "mmd")
    min_batch_size = 2
    alpha = Coefficient()
    lambda_mmd = Coefficient()

    def __init__(
        self,
        *args,
        alpha: NumberOrSchedule = 0.0,
        lambda_mmd: NumberOrSchedule = 100.0,
        kernel: str = "gaussian",
        **kwargs,
    ):
        require_kernel(kernel)
        super().__init__(*args, **kwargs)
        self.alpha = alpha
        self.lambda_mmd = lambda_mmd
        self.kernel = kernel

    def objective(self, x, seeds, training):
        """Returns the terms of the loss, each [B] in nats (the MMD has no unit)."""
        bound = self.bound(x, seeds, training)
        prior_latent = sample_with_seeds(self.prior(), noise.fold_in(seeds, "prior"))[0]
        mmd = maximum_mean_discrepancy(bound.latents[0], prior_latent, self.kernel)
        weight = self.alpha + self.lambda_mmd - 1.0
        kl = self.kl_weight * (1.0 - self.alpha) * bound.kl
        objective = bound.reconstruction - kl - weight * mmd
        return {
            **self.terms(bound, objective),
            "mmd": tf.broadcast_to(mmd, tf.shape(objective)),
        }
