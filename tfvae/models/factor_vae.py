"""FactorVAE."""

import keras
import tensorflow as tf

from tfvae import noise
from tfvae.coefficients import Coefficient
from tfvae.distributions.sampling import sample_with_seeds
from tfvae.estimators.permutation import permuted_dimensions
from tfvae.models.adversarial import Adversarial
from tfvae.models.vae import VAE
from tfvae.schedules import NumberOrSchedule


@keras.saving.register_keras_serializable("tfvae")
class FactorVAE(Adversarial, VAE):
    """L(x) = E_q[log p(x|z)] - KL(q(z|x) || p(z)) - gamma KL(q(z) || prod_j q(z_j)).

    Kim & Mnih 2018 (arXiv:1802.05983), equation 2 and algorithm 2. The last term, the total
    correlation, is a discriminator's log density ratio (equation 3). Each batch is split by row:
    the VAE is trained on the even rows, and their z are the discriminator's real examples; the z
    of the odd rows, permuted, are its fake ones. So `batches(128)` is the published 64 + 64. In
    evaluation all rows are used for both, with new samples for the second.

    Args:
        gamma: weight of the total correlation, a number or a schedule of the step.
        discriminator: Keras network, latents [B, d] to two logits; the published one if None.
        kwargs: the arguments of `VAE`.
    """

    term_names = (*VAE.term_names, "total_correlation", "discriminator_loss")
    min_batch_size = 4  # two and two to permute

    gamma = Coefficient()

    def __init__(self, *args, gamma: NumberOrSchedule = 40.0, **kwargs):
        super().__init__(*args, **kwargs)
        self.gamma = gamma

    def default_discriminator_optimizer(self):
        """Returns Adam(1e-4, 0.5, 0.9), the published one."""
        return keras.optimizers.Adam(1e-4, 0.5, 0.9)

    def training_batch(self, x, seeds, first_row):
        """Splits the batch by the parity of the global row."""
        odd = first_row % 2  # then this replica's second row is the first even one
        first, second = ((x[start::2], seeds[start::2]) for start in (odd, 1 - odd))
        return {"x": first[0], "seeds": first[1], "second": second}

    def objective(self, x, seeds, training, moving=None, second=None):
        """Returns the terms of the losses in nats; the discriminator's is over both batches."""
        bound = self.bound(x, seeds, training)
        # E[log D / (1 - D)], equation 3
        total_correlation = tf.reduce_mean(self.log_density_ratio(bound.latents), axis=0)
        objective = bound.reconstruction - self.kl_weight * bound.kl
        objective -= self.gamma * total_correlation

        terms = {**self.terms(bound, objective), "total_correlation": total_correlation}
        if moving is None or "discriminator_loss" in moving:
            x2, seeds2 = second or (x, noise.fold_in(seeds, "second batch"))
            z2 = sample_with_seeds(self.encode(x2, training), noise.fold_in(seeds2, "posterior"))[0]
            permuted = permuted_dimensions(z2, noise.fold_in(seeds2, "permutation"))
            terms["discriminator_loss"] = self.cross_entropy(bound.latents[0], permuted)
        return terms
