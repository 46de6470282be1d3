"""The (alpha, beta) decomposition."""

import keras
import tensorflow as tf

from tfvae import global_batch, noise
from tfvae.coefficients import Coefficient
from tfvae.distributions.sampling import sample_with_seeds
from tfvae.estimators import aggregate_posterior, log_mean_exp, maximum_mean_discrepancy
from tfvae.estimators.maximum_mean_discrepancy import require_kernel
from tfvae.models.vae import VAE
from tfvae.schedules import NumberOrSchedule

DIVERGENCES = ("kl", "mmd")


@keras.saving.register_keras_serializable("tfvae")
class DecompositionVAE(VAE):
    """L(x) = E_q[log p(x|z)] - beta KL(q(z|x) || p(z)) - alpha D(q(z), p(z)).

    Mathieu et al. 2019 (arXiv:1812.02833), equation 7: beta sets how much the encodings overlap,
    alpha pulls the aggregate posterior q(z) to the shape of the prior. D is either
    KL(p(z) || q(z)), estimated over the global batch of B as
    mean_j [log p(z_j) - log((1/B) sum_i q(z_j|x_i))], z_j ~ p(z), or the MMD.

    Args:
        alpha: weight of D, a number or a schedule of the step.
        beta: weight of the KL, a number or a schedule of the step.
        divergence: D, "kl" or "mmd".
        kernel: kernel of the MMD, "gaussian" or "inverse_multiquadratic".
        kwargs: the arguments of `VAE`.

    Raises:
        ValueError: if the divergence or kernel is unknown.
    """

    term_names = (*VAE.term_names, "divergence")
    min_batch_size = 2
    alpha = Coefficient()
    beta = Coefficient()

    def __init__(
        self,
        *args,
        alpha: NumberOrSchedule = 0.0,
        beta: NumberOrSchedule = 1.0,
        divergence: str = "kl",
        kernel: str = "inverse_multiquadratic",
        **kwargs,
    ):
        if divergence not in DIVERGENCES:
            raise ValueError(f"divergence is {divergence!r}; it must be one of {DIVERGENCES}")
        require_kernel(kernel)
        super().__init__(*args, **kwargs)
        self.alpha = alpha
        self.beta = beta
        self.divergence = divergence
        self.kernel = kernel

    def objective(self, x, seeds, training):
        """Returns the terms of the loss, each [B] in nats (the MMD has no unit)."""
        bound = self.bound(x, seeds, training)
        z = sample_with_seeds(self.prior(), noise.fold_in(seeds, "prior"))  # z_j ~ p(z), [1, b, d]
        divergence = (self._kl if self.divergence == "kl" else self._mmd)(bound, z)
        beta = self.kl_weight * self.beta
        objective = bound.reconstruction - beta * bound.kl - self.alpha * divergence
        return {**self.terms(bound, objective), "divergence": divergence}

    def _kl(self, bound, z):
        """The terms of KL(p(z) || q(z)), [b]."""
        q = self.posterior(global_batch.gather(bound.params))
        log_q_z = log_mean_exp(aggregate_posterior.log_density_pairs(q, z), axis=2)  # [1, b]
        return (self.prior().log_prob(z) - log_q_z)[0]

    def _mmd(self, bound, z):
        """MMD(q(z), p(z)), the same for each row, [b]."""
        mmd = maximum_mean_discrepancy(bound.latents[0], z[0], self.kernel)
        return tf.broadcast_to(mmd, tf.shape(bound.kl))
