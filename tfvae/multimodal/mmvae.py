"""The mixture-of-experts multimodal variational autoencoder."""

import keras
import tensorflow as tf

from tfvae import noise
from tfvae.distributions.sampling import sample_with_seeds
from tfvae.estimators import log_mean_exp, normalised_weights, split_gradient
from tfvae.estimators.gradient_estimators import dreg, with_gradient_of
from tfvae.multimodal.mixtures import mean_bound, mean_of_present, mixture
from tfvae.multimodal.multimodal_vae import MultimodalVAE
from tfvae.multimodal.observed import Observed


@keras.saving.register_keras_serializable("tfvae")
class MMVAE(MultimodalVAE):
    """L = (1/M) sum_m E log((1/k) sum_i w_mi), w_mi = p(x, z_mi) / q(z_mi|x), z_mi ~ q(z|x_m).

    Shi et al. 2019 (arXiv:1911.03393), the bound stratified over the experts. The posterior is the
    mixture q(z|x_A) = (1/|A|) sum_{m in A} q(z|x_m), and each expert reconstructs all modalities.
    With k = 1 it is the evidence lower bound. Mixture and mean are over the modalities of a row.

    Args:
        gradient_estimator: "standard", or "dreg": doubly reparameterised (Tucker et al. 2018,
            arXiv:1810.04152), as in the paper.
        kwargs: the arguments of `MultimodalVAE`; `num_samples` is k.

    Raises:
        ValueError: if the estimator is unknown, or "dreg" is used with batch normalisation.
    """

    gradient_estimators = ("standard", "dreg")

    def posterior_given(self, x: Observed, training: bool = False):
        """Returns q(z|x_A), batch [B]."""
        return mixture([self.expert(name, x, training) for name in x.values], self.present(x))

    def present(self, x: Observed) -> tf.Tensor:
        """Returns 1 for the modalities of `x` that an example has, else 0; [B, |A|]."""
        return tf.stack([x.here(name) for name in x.values], axis=1)

    def objective(self, x, seeds, training):
        """Returns the terms of the loss, each [B] in nats."""
        x = self.typed(x)
        experts = {name: self.expert(name, x, training) for name in x.values}  # q(z|x_m)
        present = self.present(x)
        q = mixture(list(experts.values()), present)  # q(z|x)
        objectives, bounds = [], []
        for name, expert in experts.items():
            site = noise.fold_in(seeds, f"posterior {name}")
            z = sample_with_seeds(expert, site, self.num_samples)
            objective, densities = self.importance_weighted_bound(q, z, x, training)
            objectives.append(objective)
            bounds.append(densities.bound())
        bound = mean_bound(bounds, present)
        return self.terms(bound, mean_of_present(objectives, present))

    def importance_weighted_bound(self, q, z: tf.Tensor, x: Observed, training: bool):
        """Returns L for the samples z [k, B, d] of one expert, [B], and their log-densities."""

        def log_weights(z):  # and their parts
            p = self.likelihood_given(z, x, training)  # p(x|z)
            densities = self.log_densities(q, z, p, x, training)
            return densities.warmed_up(self.kl_weight), densities

        if self.gradient_estimator == "standard":
            log_w, densities = log_weights(z)
            return log_mean_exp(log_w), densities
        (log_w, densities), path = split_gradient(log_weights, z)
        v, c = normalised_weights(log_w), self.kl_weight
        surrogate = v * (densities.likelihood + c * densities.prior)
        surrogate += dreg(path, v, v**2, densities.posterior, c)
        return with_gradient_of(tf.reduce_sum(surrogate, axis=0), log_mean_exp(log_w)), densities
