"""The triple evidence lower bound."""

from collections.abc import Mapping, Sequence

import keras
import tensorflow as tf

from tfvae import noise
from tfvae.distributions.distribution_layer import distribution_of
from tfvae.distributions.sampling import sample_with_seeds
from tfvae.estimators import kl_divergence, split_gradient
from tfvae.multimodal.joint_posterior_vae import JointPosteriorVAE
from tfvae.multimodal.observed import Observed


@keras.saving.register_keras_serializable("tfvae")
class TELBO(JointPosteriorVAE):
    """L = ELBO(x_1, ..., x_M) + sum_A ELBO(x_A), the decoders shared by all terms.

    Vedantam et al. 2018 (arXiv:1705.10762): the posteriors of `subsets` of the modalities are
    trained by their own bounds, not by a divergence from the joint one. Each term reconstructs its
    own modalities.

    Args:
        subset_weights: factors on log p(x_m|z) in the terms of `subsets`, by modality; the `weight`
            of the `Modality` if not given. The paper uses 10 to 50 for labels.
        fixed_decoders: names of modalities; their decoders learn from the joint term only, since
            the terms of subsets would blur them. The paper does this for labels.
        kwargs: the arguments of `JointPosteriorVAE`.

    Raises:
        ValueError: if a modality is unknown.
    """

    def __init__(
        self,
        *args,
        subset_weights: Mapping[str, float] | None = None,
        fixed_decoders: Sequence[str] = (),
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        self.subset_weights = dict(subset_weights or {})
        self.fixed_decoders = list(fixed_decoders)
        for name in (*self.subset_weights, *self.fixed_decoders):
            if name not in self.modalities:
                raise ValueError(
                    f"subset_weights or fixed_decoders has {name!r}; the modalities are "
                    f"{', '.join(self.modalities)}"
                )

    def objective(self, x, seeds, training):
        """Returns the terms of the loss, each [B] in nats."""
        x = self.typed(x)
        bound = self.bound(x, seeds, training)  # under q(z|x_1, ..., x_M)
        objective = bound.weighted - self.kl_weight * bound.kl
        experts = self.experts(x, training)  # q(z|x_m)
        for part, mask in x.subsets(self.subsets):
            q = self.product(experts, part, training)  # q(z|x_A)
            site = noise.fold_in(seeds, f"posterior {' '.join(part.values)}")
            objective += mask * self.elbo_of_subset(part, q, site, training)
        return self.terms(bound, objective)

    def elbo_of_subset(self, x: Observed, q, seeds: tf.Tensor, training: bool) -> tf.Tensor:
        """Returns the weighted bound on log p(x_A) under q(z|x_A), [B]."""
        z = sample_with_seeds(q, seeds, self.num_samples)
        prior = distribution_of(self.prior, training=training)  # p(z)
        reconstruction = tf.add_n(
            [self.weighted_log_prob(name, x, z, training) for name in x.values]
        )
        kl = kl_divergence(q, prior, z)
        return tf.reduce_mean(reconstruction, axis=0) - self.kl_weight * kl

    def weighted_log_prob(self, name: str, x: Observed, z: tf.Tensor, training: bool) -> tf.Tensor:
        """Returns weight_m log p(x_m|z), [k, B]; a fixed decoder gets no gradient from it."""

        def log_prob(z):
            return self.decode(z, training, [name]).log_prob(x.only([name]))

        weight = self.subset_weights.get(name, self.modalities[name].weight)
        if name not in self.fixed_decoders:
            return weight * log_prob(z)
        (value,), path = split_gradient(lambda z: (log_prob(z),), z)
        return weight * (tf.stop_gradient(value) + path(tf.ones_like(value)))
