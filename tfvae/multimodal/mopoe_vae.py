"""The mixture of products of experts."""

import itertools

import keras
import tensorflow as tf

from tfvae import noise
from tfvae.multimodal.mixture_posterior import mean_of_present, mixture
from tfvae.multimodal.observed import Observed
from tfvae.multimodal.product_posterior import ProductPosteriorVAE


@keras.saving.register_keras_serializable("tfvae")
class MoPoEVAE(ProductPosteriorVAE):
    """L = mean over subsets A of E_{q(z|x_A)}[log p(x|z)] - KL(q(z|x_A) || p(z)).

    Sutter et al. 2021 (arXiv:2105.02470): the posterior is the mixture, with equal weights, of the
    products of experts q(z|x_A) of all 2^M - 1 subsets of the modalities, each of which
    reconstructs all of them. The mean is over the subsets that a row has.

    Args:
        args: the arguments of `ProductPosteriorVAE`.
        kwargs: the same, by name.
    """

    def infer(self, x: Observed, training: bool = False):
        """Returns q(z|x_A), batch [B]: the mixture over the subsets of A."""
        experts = self.experts(x, training)
        products = [self.product(experts, part, training) for part in self.parts(x)]
        return mixture(products, self.present(x))

    def parts(self, x: Observed) -> list[Observed]:
        """Returns every subset of the modalities of `x`."""
        sizes = range(1, len(x.values) + 1)
        return [x.only(s) for size in sizes for s in itertools.combinations(x.values, size)]

    def present(self, x: Observed) -> tf.Tensor:
        """Returns 1 for the subsets that an example has all of, else 0; [B, 2^|A| - 1]."""
        return tf.stack([x.has(part.values) for part in self.parts(x)], axis=1)

    def objective(self, x, seeds, training):
        """Returns the terms of the loss, each [B] in nats."""
        x = self.observed(x)
        experts = self.experts(x, training)  # q(z|x_m)
        bounds = [
            self.bound(
                x,
                self.product(experts, part, training),  # q(z|x_A)
                noise.fold_in(seeds, f"posterior {' '.join(part.values)}"),
                training,
            )
            for part in self.parts(x)
        ]
        present = self.present(x)
        weighted = mean_of_present([bound.weighted for bound in bounds], present)
        kl = mean_of_present([bound.kl for bound in bounds], present)
        means = {
            name: mean_of_present([bound.reconstructions[name] for bound in bounds], present)
            for name in x.values
        }
        return self.terms(weighted - self.kl_weight * kl, means, kl)
