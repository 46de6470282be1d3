"""The multimodal variational autoencoder by mixtures of experts."""

import keras
import tensorflow as tf

from tfvae import noise
from tfvae.distributions.distribution_layer import distribution_of
from tfvae.distributions.sampling import sample_with_seeds
from tfvae.estimators import log_mean_exp, normalised_weights, split_gradient
from tfvae.multimodal.mixture_posterior import mean_of_present, mixture
from tfvae.multimodal.multimodal_vae import MultimodalVAE
from tfvae.multimodal.observed import Observed


@keras.saving.register_keras_serializable("tfvae")
class MMVAE(MultimodalVAE):
    """L = (1/M) sum_m E log((1/k) sum_i w_mi), w_mi = p(x, z_mi) / q(z_mi|x), z_mi ~ q(z|x_m).

    Shi et al. 2019 (arXiv:1911.03393), the bound stratified over the experts: q(z|x_A) =
    (1/|A|) sum_{m in A} q(z|x_m), a mixture, each of whose experts reconstructs all modalities.
    With k = 1 it is the evidence lower bound. Mixture and mean are over the modalities of a row.

    Args:
        gradient_estimator: "standard", or "dreg": doubly reparameterised (Tucker et al. 2018,
            arXiv:1810.04152), the paper's own choice.
        kwargs: the arguments of `MultimodalVAE`; `num_samples` is k.

    Raises:
        ValueError: for another estimator, or "dreg" with batch normalisation.
    """

    def __init__(self, *args, gradient_estimator: str = "standard", **kwargs):
        if gradient_estimator not in ("standard", "dreg"):
            raise ValueError(
                f"gradient_estimator is {gradient_estimator!r}; it must be 'standard' or 'dreg'"
            )
        super().__init__(*args, **kwargs)
        self.gradient_estimator = gradient_estimator
        self.require_uncoupled_samples()

    def infer(self, x: Observed, training: bool = False):
        """Returns q(z|x_A), batch [B]."""
        return mixture([self.expert(name, x, training) for name in x.values], self.present(x))

    def present(self, x: Observed) -> tf.Tensor:
        """Returns 1 for the modalities of `x` that an example has, else 0; [B, |A|]."""
        return tf.stack([x.here(name) for name in x.values], axis=1)

    def objective(self, x, seeds, training):
        """Returns the terms of the loss, each [B] in nats."""
        x = self.observed(x)
        experts = {name: self.expert(name, x, training) for name in x.values}  # q(z|x_m)
        present = self.present(x)
        q = mixture(list(experts.values()), present)  # q(z|x)
        prior = distribution_of(self.prior, training=training)  # p(z)
        bounds, kls = [], []
        reconstructions: dict[str, list[tf.Tensor]] = {name: [] for name in x.values}
        for name, expert in experts.items():
            z = sample_with_seeds(
                expert, noise.fold_in(seeds, f"posterior {name}"), self.num_samples
            )

            def log_weights(z):  # and what they are made of
                log_probs = self.decode(z, training, x.values).log_probs(x)  # log p(x_m|z)
                log_px = tf.add_n(
                    [self.modalities[m].weight * term for m, term in log_probs.items()]
                )
                log_pz, log_qz = prior.log_prob(z), q.log_prob(z)
                log_pxz = log_px + self.kl_weight * log_pz
                kl = tf.reduce_mean(log_qz - log_pz, axis=0)
                return log_pxz - self.kl_weight * log_qz, log_pxz, log_probs, kl

            if self.gradient_estimator == "standard":
                log_w, _, log_probs, kl = log_weights(z)
                bounds.append(log_mean_exp(log_w))
            else:
                (log_w, log_pxz, log_probs, kl), path = split_gradient(log_weights, z)
                bounds.append(self.doubly_reparameterised(log_w, log_pxz, path))
            kls.append(kl)
            for key, log_prob in log_probs.items():
                reconstructions[key].append(tf.reduce_mean(log_prob, axis=0))
        means = {name: mean_of_present(each, present) for name, each in reconstructions.items()}
        return self.terms(mean_of_present(bounds, present), means, mean_of_present(kls, present))

    def doubly_reparameterised(self, log_w, log_pxz, path) -> tf.Tensor:
        """Returns L of one expert, [B], with DReG's gradient; the arguments are [k, B].

        Args:
            log_w: log w_i.
            log_pxz: log p(x, z_i), with no gradient through z_i.
            path: weights of the samples to zeros, whose gradient is that of the weighted log w_i
                through z_i alone.
        """
        v = normalised_weights(log_w)
        path_weight = v - self.kl_weight * (v - v**2)
        surrogate = tf.reduce_sum(v * log_pxz + path(path_weight), axis=0)
        return tf.stop_gradient(log_mean_exp(log_w) - surrogate) + surrogate
