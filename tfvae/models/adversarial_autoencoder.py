"""The adversarial autoencoder."""

import warnings

import keras
import tensorflow as tf

from tfvae import noise
from tfvae.coefficients import Coefficient
from tfvae.distributions.sampling import sample_with_seeds
from tfvae.models.adversarial import Adversarial
from tfvae.models.vae import VAE
from tfvae.schedules import NumberOrSchedule


@keras.saving.register_keras_serializable("tfvae")
class AdversarialAutoencoder(Adversarial, VAE):
    """L(x) = E_q[log p(x|z)] - weight E_q[-log D(z)].

    Makhzani et al. 2016 (arXiv:1511.05644), section 2. D(z) is the discriminator's probability that
    z is from the prior: the encoder learns to make its samples look like the prior's, and the loss
    has no KL (`kl` and `elbo` are reported nevertheless). Both players use the same batch. The loss
    does not train the prior, so the weights of a prior stay fixed, with a warning.

    Args:
        adversarial_weight: weight of the encoder's adversarial loss, a number or a schedule.
        discriminator: Keras network, latents [B, d] to two logits; six layers of 1000 if None.
        kwargs: the arguments of `VAE`.
    """

    term_names = (*VAE.term_names, "adversarial_loss", "discriminator_loss")
    gradient_estimators = ("standard",)  # no KL in the loss

    adversarial_weight = Coefficient()

    def __init__(self, *args, adversarial_weight: NumberOrSchedule = 1.0, **kwargs):
        super().__init__(*args, **kwargs)
        self.adversarial_weight = adversarial_weight
        if getattr(self.prior, "trainable_weights", None):
            self.prior.trainable = False
            warnings.warn(
                f"prior {self.prior.name} has trainable weights, which stay fixed: the loss of "
                "AdversarialAutoencoder has no KL that could train them",
                stacklevel=2,
            )

    def default_discriminator_optimizer(self):
        """Returns Adam(1e-4, 0.5, 0.9), as for FactorVAE."""
        return keras.optimizers.Adam(1e-4, 0.5, 0.9)

    def objective(self, x, seeds, training, moving=None):
        """Returns the terms of the losses in nats; the discriminator's is over both batches."""
        bound = self.bound(x, seeds, training)
        prior_logit = self.log_density_ratio(bound.latents)  # log D / (1 - D)
        adversarial_loss = tf.reduce_mean(tf.nn.softplus(-prior_logit), axis=0)  # -log D
        weight = self.kl_weight * self.adversarial_weight
        terms = {
            **self.terms(bound, bound.reconstruction - weight * adversarial_loss),
            "adversarial_loss": adversarial_loss,
        }
        if moving is None or "discriminator_loss" in moving:
            from_prior = sample_with_seeds(self.prior(), noise.fold_in(seeds, "prior"))[0]
            terms["discriminator_loss"] = self.cross_entropy(from_prior, bound.latents[0])
        return terms
