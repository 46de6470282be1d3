"""Posteriors that are products of experts: p(z) prod_m q(z|x_m), renormalised."""

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae.distributions.distribution_layer import distribution_of
from tfvae.distributions.product_of_normals import product_of_normals
from tfvae.multimodal import checks
from tfvae.multimodal.multimodal_vae import MultimodalVAE
from tfvae.multimodal.observed import Observed


class ProductPosteriorVAE(MultimodalVAE):
    """q(z|x_A) = p(z) prod_{m in A} q(z|x_m), renormalised: a normal in closed form.

    Wu & Goodman 2018 (arXiv:1802.05335), section 2.2; Vedantam et al. 2018 for attributes. The
    prior is one of the experts, so every subset has a posterior (p(z) if it is empty), and a
    modality that an example lacks has no effect.

    Args:
        args: the arguments of `MultimodalVAE`.
        kwargs: the same, by name; posterior and prior must be normals of diagonal covariance.

    Raises:
        ValueError: if they are not (the message says which).
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        checks.require_normal("prior", self.prior, self.prior())
        params = tf.zeros([1, self.posterior.params_size])
        checks.require_normal("posterior", self.posterior, self.posterior(params))

    def experts(self, x: Observed, training: bool = False) -> dict[str, tfd.Distribution]:
        """Returns q(z|x_m) for the modalities of `x`."""
        return {name: self.expert(name, x, training) for name in x.values}

    def product(
        self, experts: dict[str, tfd.Distribution], x: Observed, training: bool = False
    ) -> tfd.Distribution:
        """Returns p(z) prod_m q(z|x_m) over the modalities of `x`, batch [B]."""
        prior = distribution_of(self.prior, training=training)  # p(z)
        powers = [x.present.get(name, 1.0) for name in x.values]
        return product_of_normals(
            [prior, *(experts[name] for name in x.values)],
            [1.0, *powers],
        )

    def posterior_given(self, x: Observed, training: bool = False):
        """Returns q(z|x_A), batch [B]."""
        return self.product(self.experts(x, training), x, training)
