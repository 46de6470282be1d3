"""beta-TCVAE."""

import keras
import tensorflow as tf

from tfvae import global_batch
from tfvae.coefficients import Coefficient
from tfvae.estimators import aggregate_posterior
from tfvae.models.vae import VAE
from tfvae.schedules import NumberOrSchedule


@keras.saving.register_keras_serializable("tfvae")
class BetaTCVAE(VAE):
    """L(x) = E_q[log p(x|z)] - I(x; z) - beta TC(z) - sum_j KL(q(z_j) || p(z_j)).

    Chen et al. 2018 (arXiv:1802.04942), equation 4: the KL of the bound decomposed into index-code
    mutual information, total correlation TC(z) = KL(q(z) || prod_j q(z_j)) and dimension-wise KL,
    with q(z) estimated from the posteriors of the global batch. Their estimates sum to
    log q(z|x) - log p(z).

    Args:
        beta: weight of the total correlation, a number or a schedule of the step.
        estimator: "mws" (minibatch weighted sampling), "mss" (minibatch stratified sampling) or
            "exact" (every batch is the whole, small, data set).
        dataset_size: N, needed by "mss" and "exact" (which needs batches of this size); for "mws"
            it only adds a constant, and is 1 if None.
        kwargs: the arguments of `VAE`.

    Raises:
        ValueError: if the estimator is unknown, or needs a dataset_size that is not given.
    """

    term_names = (*VAE.term_names, "mutual_information", "total_correlation", "dimension_wise_kl")
    min_batch_size = 2
    gradient_estimators = ("standard",)  # the KL of the loss is estimated part by part

    beta = Coefficient()

    def __init__(
        self,
        *args,
        beta: NumberOrSchedule = 6.0,
        estimator: str = "mws",
        dataset_size: int | None = None,
        **kwargs,
    ):
        if estimator not in aggregate_posterior.ESTIMATORS:
            raise ValueError(
                f"estimator is {estimator!r}; it must be one of {aggregate_posterior.ESTIMATORS}"
            )
        if estimator != "mws" and dataset_size is None:
            raise ValueError(
                f"dataset_size is None; estimator {estimator!r} needs the number of training "
                "examples, such as data.num_examples"
            )
        super().__init__(*args, **kwargs)
        self.beta = beta
        self.estimator = estimator
        self.dataset_size = dataset_size
        aggregate_posterior.marginals(self.encode(tf.zeros((1, *self.data_shape))))  # or raises

    def check_batch_size(self, batch_size):
        """Raises ValueError if the estimator cannot use a batch of this size."""
        super().check_batch_size(batch_size)
        size = self.dataset_size
        if self.estimator == "exact" and batch_size != size:
            raise ValueError(
                f"batch_size is {batch_size}; estimator 'exact' needs the whole data set in every "
                f"batch, dataset_size {size}; use 'mss' if that is too many"
            )
        if size is not None and batch_size > size:
            raise ValueError(f"batch_size is {batch_size}; dataset_size is only {size}")

    def objective(self, x, seeds, training):
        """Returns the terms of the loss, each [B] in nats."""
        bound = self.bound(x, seeds, training)
        z = bound.latents
        q = self.posterior(global_batch.gather(bound.params))  # of every row of the global batch
        weights = aggregate_posterior.log_weights(
            self.estimator, global_batch.rows(x), self.dataset_size
        )

        def log_mean(log_density):  # over the x_j, axis 2
            return tf.reduce_logsumexp(log_density, axis=2)

        log_q_zx = bound.posterior.log_prob(z)  # [k, b]
        log_q_z = log_mean(aggregate_posterior.log_density_pairs(q, z) + weights)
        log_q_zj = log_mean(
            aggregate_posterior.marginal_log_density_pairs(q, z) + weights[..., tf.newaxis]
        )
        log_product = tf.reduce_sum(log_q_zj, axis=-1)
        mutual_information = tf.reduce_mean(log_q_zx - log_q_z, axis=0)
        total_correlation = tf.reduce_mean(log_q_z - log_product, axis=0)
        dimension_wise_kl = tf.reduce_mean(log_product - self.prior().log_prob(z), axis=0)

        penalty = mutual_information + self.beta * total_correlation + dimension_wise_kl
        return {
            **self.terms(bound, bound.reconstruction - self.kl_weight * penalty),
            "mutual_information": mutual_information,
            "total_correlation": total_correlation,
            "dimension_wise_kl": dimension_wise_kl,
        }
