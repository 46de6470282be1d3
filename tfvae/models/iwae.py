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
from tfvae.estimators.gradient_estimators import GRADIENT_ESTIMATORS, with_gradient_of
from tfvae.models.bound import LogDensities
from tfvae.models.vae import VAE


@keras.saving.register_keras_serializable("tfvae")
class IWAE(VAE):
    """L(x) = E log((1/k) sum_i w_i), w_i = p(x, z_i) / q(z_i|x), z_i ~ q(z|x).

    Burda et al. 2016 (arXiv:1509.00519), equations 8 to 14; the weights never contain a closed-form
    KL. During a warm-up, log w_i = log p(x|z_i) + kl_warmup (log p(z_i) - log q(z_i|x)).

    The gradient of L with respect to the model's parameters theta and the posterior's phi is
    estimated from v_i = w_i / sum_j w_j:

    * "standard": sum_i v_i (grad_theta + grad_phi) log w_i, the gradient of the bound itself;
    * "stl", sticking the landing (Roeder et al. 2017, arXiv:1703.09194): phi through z_i alone,
      sum_i v_i (d log w_i / d z_i) grad_phi z_i. Biased for k > 1, as Tucker et al. show;
    * "dreg", doubly reparameterised (Tucker et al. 2018, arXiv:1810.04152): the same with v_i^2
      for v_i, which makes it unbiased.

    The last two vanish for phi if q(z|x) is exact, and need a second pass through the decoder.
    "dreg" is biased if batch normalisation couples the samples, so the combination is an error.

    Args:
        num_samples: k, at least 1.
        gradient_estimator: "standard", "stl" or "dreg".
        kwargs: the arguments of `VAE`.

    Raises:
        ValueError: if the estimator is unknown, or "dreg" is used with batch normalisation, or
            `num_samples` is below 1.
    """

    term_names = (*VAE.term_names, "importance_weighted_bound")
    gradient_estimators = tuple(GRADIENT_ESTIMATORS)

    def __init__(self, *args, num_samples: int = 50, **kwargs):
        # mypy assumes that *args may contain num_samples too.
        super().__init__(*args, num_samples=num_samples, **kwargs)  # type: ignore[misc]

    def objective(self, x, seeds, training):
        """Returns the terms of the loss, each [B] in nats."""
        x, seeds = self.typed(x), noise.fold_in(seeds, "posterior")
        if self.differentiates_bound:
            q, z, p, _ = self.infer(x, seeds, self.samples_per_example, training=training)
            densities = self.log_densities(q, z, p, x, training)
            objective = self.weighted_bound(densities.warmed_up(self.kl_weight))
        else:
            q = self.encode(x, training)  # q(z|x)
            z = sample_with_seeds(q, seeds, self.samples_per_example)

            def log_weights(z):  # and their parts
                densities = self.log_densities(q, z, self.decode(z, training), x, training)
                return densities.warmed_up(self.kl_weight), densities

            (log_w, densities), path = split_gradient(log_weights, z)
            objective = self.surrogate(log_w, densities, path)
        prior = distribution_of(self.prior, training=training)  # p(z)
        bound = densities.bound(closed_kl_divergence(q, prior))
        return {
            **self.terms(bound, objective),
            "importance_weighted_bound": log_mean_exp(densities.log_weights),
        }

    @property
    def differentiates_bound(self) -> bool:
        """Whether the gradient estimator is the bound's own gradient."""
        return self.gradient_estimator == "standard"

    def weighted_bound(self, log_w: tf.Tensor) -> tf.Tensor:
        """Returns L(x), [B], of log w_i, [k, B]."""
        return log_mean_exp(log_w)

    def gradient_weights(self, log_w: tf.Tensor, power: int = 1) -> tf.Tensor:
        """Returns v_i = d L / d log w_i, [k, B]; with `power` 2, the weights that DReG uses."""
        return normalised_weights(log_w) ** power

    def model_weights(self, log_w: tf.Tensor) -> tf.Tensor:
        """Returns the weights v_i of grad_theta, [k, B]."""
        return self.gradient_weights(log_w)

    def surrogate(self, log_w: tf.Tensor, densities: LogDensities, path: Callable) -> tf.Tensor:
        """Returns L(x), [B], with the gradient of the estimator.

        Args:
            log_w: log w_i, [k, B].
            densities: the parts of log w_i, without a gradient through z_i.
            path: maps weights of the samples to zeros with the gradient of the weighted log w_i
                through z_i alone; see `split_gradient`.
        """
        v, squared = self.gradient_weights(log_w), self.gradient_weights(log_w, power=2)
        log_joint = densities.likelihood + self.kl_weight * densities.prior
        of_posterior = GRADIENT_ESTIMATORS[self.gradient_estimator](
            path, v, squared, densities.posterior, self.kl_weight
        )
        surrogate = tf.reduce_sum(self.model_weights(log_w) * log_joint + of_posterior, axis=0)
        return with_gradient_of(surrogate, self.weighted_bound(log_w))
