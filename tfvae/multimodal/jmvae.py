"""The joint multimodal variational autoencoder."""

import keras
import tensorflow as tf

from tfvae.coefficients import Coefficient
from tfvae.estimators import kl_divergence
from tfvae.multimodal.joint_posterior_vae import JointPosteriorVAE
from tfvae.schedules import NumberOrSchedule


@keras.saving.register_keras_serializable("tfvae")
class JMVAE(JointPosteriorVAE):
    """L = E_q[sum_m log p(x_m|z)] - KL(q || p(z)) - alpha sum_A KL(q || q(z|x_A)).

    Suzuki et al. 2016 (arXiv:1611.01891), JMVAE-kl, with q = q(z|x_1, ..., x_M): the last terms
    pull the posteriors of `subsets` of the modalities towards the joint one, so that they can
    replace it. A row that lacks modalities is trained on the bound of those that it has.

    Args:
        alpha: factor on the last terms, a number or a schedule of the step; 0.1 in the paper.
        kwargs: the arguments of `JointPosteriorVAE`; `kl_warmup` is a factor on both KL terms.
    """

    alpha = Coefficient()

    def __init__(self, *args, alpha: NumberOrSchedule = 0.1, **kwargs):
        super().__init__(*args, **kwargs)
        self.alpha = alpha

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Returns the model of `get_config`; models saved by older versions call alpha `a`."""
        config = {"alpha" if name == "a" else name: value for name, value in config.items()}
        return super().from_config(config, custom_objects)

    def objective(self, x, seeds, training):
        """Returns the terms of the loss, each [B] in nats."""
        x = self.typed(x)
        bound = self.bound(x, seeds, training)
        q = bound.posterior  # q(z|x_1, ..., x_M)
        experts = self.experts(x, training)  # q(z|x_m)
        kl_from_subsets = tf.add_n(
            [
                mask * kl_divergence(q, self.product(experts, part, training), bound.latents)
                for part, mask in x.subsets(self.subsets)  # q(z|x_A)
            ]
        )
        kl = bound.kl + self.alpha * kl_from_subsets
        return self.terms(bound, bound.weighted - self.kl_weight * kl)
