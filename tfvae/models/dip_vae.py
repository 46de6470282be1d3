"""DIP-VAE, I and II."""

import keras
import tensorflow as tf

from tfvae import global_batch
from tfvae.coefficients import Coefficient
from tfvae.estimators import batch_covariance
from tfvae.models.vae import VAE
from tfvae.schedules import NumberOrSchedule

PUBLISHED_RATIO = {"I": 10.0, "II": 1.0}  # lambda_d / lambda_od


@keras.saving.register_keras_serializable("tfvae")
class DIPVAE(VAE):
    """L(x) = E_q[log p(x|z)] - KL(q(z|x) || p(z)) - penalty(C).

    Kumar et al. 2018 (arXiv:1711.00848), equations 6 and 7:
    penalty(C) = lambda_od sum_{i != j} C_ij^2 + lambda_d sum_i (C_ii - 1)^2, where C is
    Cov_x[E_q[z|x]] in kind I, Cov[z] = E_x[Cov_q[z|x]] + Cov_x[E_q[z|x]] in kind II, both over
    the global batch.

    Args:
        kind: "I" or "II".
        lambda_off_diagonal: lambda_od, a number or a schedule of the step.
        lambda_diagonal: lambda_d; if None, the published 10 lambda_od in kind I and lambda_od in
            kind II.
        kwargs: the arguments of `VAE`.

    Raises:
        ValueError: if the kind is unknown.
    """

    term_names = (*VAE.term_names, "covariance_penalty")
    lambda_off_diagonal = Coefficient()
    lambda_diagonal = Coefficient(optional=True)
    min_batch_size = 2

    def __init__(
        self,
        *args,
        kind: str = "I",
        lambda_off_diagonal: NumberOrSchedule = 10.0,
        lambda_diagonal: NumberOrSchedule | None = None,
        **kwargs,
    ):
        if kind not in PUBLISHED_RATIO:
            raise ValueError(f"kind is {kind!r}; it must be one of {tuple(PUBLISHED_RATIO)}")
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.lambda_off_diagonal = lambda_off_diagonal
        self.lambda_diagonal = lambda_diagonal

    def objective(self, x, seeds, training):
        """Returns the terms of the loss, each [B] in nats."""
        bound = self.bound(x, seeds, training)
        covariance = batch_covariance(bound.posterior.mean())
        if self.kind == "II":
            covariance += tf.reduce_mean(global_batch.gather(bound.posterior.covariance()), axis=0)
        diagonal = tf.linalg.diag_part(covariance)
        off_diagonal = covariance - tf.linalg.diag(diagonal)

        lambda_od, lambda_d = self.lambda_off_diagonal, self.lambda_diagonal
        if lambda_d is None:
            lambda_d = PUBLISHED_RATIO[self.kind] * lambda_od
        penalty = lambda_od * tf.reduce_sum(off_diagonal**2)
        penalty += lambda_d * tf.reduce_sum((diagonal - 1.0) ** 2)
        objective = bound.reconstruction - self.kl_weight * bound.kl - penalty
        return {
            **self.terms(bound, objective),
            "covariance_penalty": tf.broadcast_to(penalty, tf.shape(objective)),
        }
