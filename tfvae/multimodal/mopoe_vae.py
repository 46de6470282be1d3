"""The mixture of products of experts."""

import itertools

import keras
import tensorflow as tf

from tfvae import noise
from tfvae.multimodal.mixtures import mean_bound, mean_of_present, mixture
from tfvae.multimodal.observed import Observed
from tfvae.multimodal.product_posterior_vae import ProductPosteriorVAE


@keras.saving.register_keras_serializable("tfvae")
class MoPoEVAE(ProductPosteriorVAE):
    """L = mean over subsets A of E_{q(z|x_A)}[log p(x|z)] - KL(q(z|x_A) || p(z)).

    Sutter et al. 2021 (arXiv:2105.02470): the posterior is the mixture, with equal weights, of the
    products of experts q(z|x_A) over all 2^M - 1 subsets A of the modalities; each component
    reconstructs all modalities. The mean is over the subsets that a row has.

    Args:
        args: the arguments of `ProductPosteriorVAE`.
        kwargs: the same, by name.
    """

    def posterior_given(self, x: Observed, training: bool = False):
        """Returns q(z|x_A), batch [B]: the mixture over the subsets of A."""
        experts = self.experts(x, training)
        parts, masks = zip(*x.subsets(self.subsets_of(x)), strict=True)
        products = [self.product(experts, part, training) for part in parts]
        return mixture(products, tf.stack(masks, axis=1))

    def subsets_of(self, x: Observed) -> list[tuple[str, ...]]:
        """Returns every subset of the modalities of `x`."""
        sizes = range(1, len(x.values) + 1)
        return [subset for size in sizes for subset in itertools.combinations(x.values, size)]

    def objective(self, x, seeds, training):
        """Returns the terms of the loss, each [B] in nats."""
        x = self.typed(x)
        experts = self.experts(x, training)  # q(z|x_m)
        bounds, masks = [], []
        for part, mask in x.subsets(self.subsets_of(x)):
            q = self.product(experts, part, training)  # q(z|x_A)
            site = noise.fold_in(seeds, f"posterior {' '.join(part.values)}")
            bounds.append(self.bound_under(q, x, site, training))
            masks.append(mask)
        bound = mean_bound(bounds, tf.stack(masks, axis=1))
        weighted = mean_of_present([each.weighted for each in bounds], tf.stack(masks, axis=1))
        return self.terms(bound, weighted - self.kl_weight * bound.kl)
