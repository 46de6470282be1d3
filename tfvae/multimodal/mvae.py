"""The product-of-experts multimodal variational autoencoder."""

import itertools

import keras
import tensorflow as tf

from tfvae import noise
from tfvae.arguments import require_at_least
from tfvae.models.bound import Bound
from tfvae.multimodal.observed import Observed
from tfvae.multimodal.product_posterior_vae import ProductPosteriorVAE


@keras.saving.register_keras_serializable("tfvae")
class MVAE(ProductPosteriorVAE):
    """L = ELBO(x_1, ..., x_M) + sum_m ELBO(x_m) + sum_j ELBO(x_{A_j}), A_j drawn at each step.

    Wu & Goodman 2018 (arXiv:1802.05335): q(z|x_A) = p(z) prod_m q(z|x_m), with the paper's
    sub-sampled training; the joint term alone would train the experts only in combination.

    Args:
        num_subsets: number of subsets A_j, of two to M - 1 modalities, drawn uniformly for each
            example; must be 0 if M < 3.
        kwargs: the arguments of `ProductPosteriorVAE`.

    Raises:
        ValueError: if `num_subsets` is negative, or above 0 with fewer than three modalities.
    """

    def __init__(self, *args, num_subsets: int = 0, **kwargs):
        require_at_least(0, num_subsets=num_subsets)
        super().__init__(*args, **kwargs)
        if num_subsets and len(self.modalities) < 3:
            raise ValueError(
                f"num_subsets is {num_subsets}; {len(self.modalities)} modalities have no subsets "
                "other than single modalities and all of them: set it to 0"
            )
        self.num_subsets = num_subsets

    def objective(self, x, seeds, training):
        """Returns the terms of the loss, each [B] in nats."""
        x = self.typed(x)
        experts = self.experts(x, training)  # q(z|x_m)

        def bound(part: Observed, site: str) -> Bound:
            q = self.product(experts, part, training)  # q(z|x_A)
            return self.bound_under(q, part, noise.fold_in(seeds, site), training)

        def elbo(bound: Bound) -> tf.Tensor:
            return bound.weighted - self.kl_weight * bound.kl

        joint = bound(x, "posterior")
        objective = elbo(joint)
        for name in x.values:
            objective += elbo(bound(x.only([name]), f"posterior {name}"))
        for number in range(self.num_subsets):
            keep = self.draw_subset(noise.fold_in(seeds, f"subset {number}"))
            drawn = x.hidden({name: keep[name] for name in x.values})
            objective += elbo(bound(drawn, f"posterior of subset {number}"))
        return self.terms(joint, objective)

    def draw_subset(self, seeds: tf.Tensor) -> dict[str, tf.Tensor]:
        """Draws a subset of two to M - 1 modalities per seed row: name to 1 or 0, [B]."""
        sizes = range(2, len(self.modalities))
        subsets = [s for n in sizes for s in itertools.combinations(self.names, n)]
        table = tf.constant([[float(name in s) for name in self.names] for s in subsets])
        number = tf.cast(noise.uniform(seeds, 1)[0, :, 0] * len(subsets), tf.int32)
        members = tf.gather(table, tf.minimum(number, len(subsets) - 1))
        return dict(zip(self.names, tf.unstack(members, axis=1), strict=True))
