"""The importance-weighted autoencoder."""

from collections.abc import Callable

import keras
import tensorflow as tf

from tfvae import noise
from tfvae.distributions.distribution_layer import distribution_of
from tfvae.distributions.sampling import sample_with_seeds
from tfvae.estimators import (
    closed_kl_divergence,
    log_mean_exp,
    normalised_weights,
    split_gradient,
)
from tfvae.models.vae import VAE


@keras.saving.register_keras_serializable("tfvae")
class IWAE(VAE):
    """L(x) = E log((1/k) sum_i w_i), w_i = p(x, z_i) / q(z_i|x), z_i ~ q(z|x).

    Burda et al. 2016 (arXiv:1509.00519), equations 8 to 14; the weights never hold a closed-form
    KL. During a warm-up, log w_i = log p(x|z_i) + kl_warmup (log p(z_i) - log q(z_i|x)).

    The gradient of L, with respect to the model's parameters theta and the posterior's phi, is
    estimated from v_i = w_i / sum_j w_j:

    * "standard": sum_i v_i (grad_theta + grad_phi) log w_i, that of the bound itself;
    * "stl", sticking the landing (Roeder et al. 2017, arXiv:1703.09194): phi through z_i alone,
      sum_i v_i (d log w_i / d z_i) grad_phi z_i. Biased for k > 1, as Tucker et al. show;
    * "dreg", doubly reparameterised (Tucker et al. 2018, arXiv:1810.04152): the same with v_i^2
      for v_i, which makes it unbiased.

    The last two vanish for phi where q(z|x) is exact, and go through the decoder once more. What
    "dreg" rests on does not hold where batch normalisation couples the samples, and is refused.

    Args:
        num_samples: k, at least 1.
        gradient_estimator: "standard", "stl" or "dreg".
        kwargs: the arguments of `VAE`.

    Raises:
        ValueError: for another estimator, "dreg" with batch normalisation, or fewer samples than
            one.
    """

    term_names = (*VAE.term_names, "importance_weighted_bound")
    gradient_estimators = ("standard", "stl", "dreg")

    def __init__(self, *args, num_samples: int = 50, **kwargs):
        # mypy takes *args for what may hold num_samples too.
        super().__init__(*args, num_samples=num_samples, **kwargs)  # type: ignore[misc]
        self.require_uncoupled_samples()

    def objective(self, x, seeds, training):
        """Returns the terms of the loss, each [B] in nats."""
        x = tf.cast(x, tf.float32)
        q = self.encode(x, training)  # q(z|x)
        prior = distribution_of(self.prior, training=training)  # p(z)
        z = sample_with_seeds(q, noise.fold_in(seeds, "posterior"), self.samples_per_example)

        def log_weights(z):  # and what they are made of
            parts = (
                self.decode(z, training).log_prob(x),  # log p(x|z_i)
                prior.log_prob(z),  # log p(z_i)
                q.log_prob(z),  # log q(z_i|x)
            )
            return parts[0] + self.kl_weight * (parts[1] - parts[2]), *parts

        if self.differentiates_bound:
            log_w, *log_densities = log_weights(z)
            objective = self.weighted_bound(log_w)
        else:
            (log_w, *log_densities), path = split_gradient(log_weights, z)
            objective = self.surrogate(log_w, log_densities, path)
        log_px, log_pz, log_qz = log_densities
        reconstruction = tf.reduce_mean(log_px, axis=0)
        kl = closed_kl_divergence(q, prior)
        kl = tf.reduce_mean(log_qz - log_pz, axis=0) if kl is None else kl
        return {
            "loss": -objective,
            "elbo": reconstruction - kl,
            "reconstruction": reconstruction,
            "kl": kl,
            "importance_weighted_bound": log_mean_exp(log_px + log_pz - log_qz),
        }

    @property
    def differentiates_bound(self) -> bool:
        """Whether the bound's own gradient is the estimator asked for."""
        return self.gradient_estimator == "standard"

    def weighted_bound(self, log_w: tf.Tensor) -> tf.Tensor:
        """Returns L(x), [B], of log w_i, [k, B]."""
        return log_mean_exp(log_w)

    def gradient_weights(self, log_w: tf.Tensor, power: int = 1) -> tf.Tensor:
        """Returns v_i = d L / d log w_i, [k, B]; with `power` 2, what DReG puts in their place."""
        return normalised_weights(log_w) ** power

    def model_weights(self, log_w: tf.Tensor) -> tf.Tensor:
        """Returns the weights v_i of grad_theta, [k, B]."""
        return self.gradient_weights(log_w)

    def surrogate(self, log_w: tf.Tensor, log_densities, path: Callable) -> tf.Tensor:
        """Returns L(x), [B], whose gradient is the estimator's; the arguments are [k, B].

        Args:
            log_w: log w_i.
            log_densities: log p(x|z_i), log p(z_i) and log q(z_i|x), with no gradient through z_i.
            path: weights of the samples to zeros, whose gradient is that of the weighted log w_i
                through z_i alone.
        """
        log_px, log_pz, log_qz = log_densities
        v, kl_weight = self.gradient_weights(log_w), self.kl_weight
        surrogate = self.model_weights(log_w) * (log_px + kl_weight * log_pz)
        if self.gradient_estimator == "standard":
            surrogate += path(v) - v * kl_weight * log_qz
        elif self.gradient_estimator == "stl":
            surrogate += path(v)
        else:
            # E[v_i grad_phi log q(z_i|x)] = E[(v_i - v_i^2) (d log w_i / d z_i) grad_phi z_i].
            squared = self.gradient_weights(log_w, power=2)
            surrogate += path(v - kl_weight * (v - squared))
        surrogate = tf.reduce_sum(surrogate, axis=0)
        return tf.stop_gradient(self.weighted_bound(log_w) - surrogate) + surrogate
