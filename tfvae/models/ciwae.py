"""CIWAE: between the VAE's bound and the IWAE's."""

import keras
import tensorflow as tf

from tfvae import schedules
from tfvae.estimators import log_mean_exp, normalised_weights
from tfvae.models.iwae import IWAE


@keras.saving.register_keras_serializable("tfvae")
class CIWAE(IWAE):
    """L(x) = beta E (1/k) sum_i log w_i + (1 - beta) E log((1/k) sum_i w_i).

    Rainforth et al. 2018 (arXiv:1802.04537), section 5: a convex combination of the evidence
    lower bound, over the same samples, and the importance-weighted one.

    Args:
        beta: weight of the evidence lower bound, 0 (IWAE) to 1 (VAE); a number, or a schedule of
            the step.
        kwargs: the arguments of `IWAE`.

    Raises:
        ValueError: for a number outside [0, 1].
    """

    settings = (*IWAE.settings, "beta")

    def __init__(self, *args, beta: schedules.Coefficient = 0.5, **kwargs):
        if not callable(beta) and not 0 <= beta <= 1:
            raise ValueError(f"beta is {beta}; it must be from 0 (IWAE) to 1 (VAE)")
        super().__init__(*args, **kwargs)
        self.beta = beta

    def weighted_bound(self, log_w):
        """Returns L(x), [B], of log w_i, [k, B]."""
        beta = schedules.value(self.beta, self.step)
        return beta * tf.reduce_mean(log_w, axis=0) + (1.0 - beta) * log_mean_exp(log_w)

    def gradient_weights(self, log_w, power=1):
        """Returns d L / d log w_i, [k, B]; with `power` 2, what DReG puts in their place."""
        beta = schedules.value(self.beta, self.step)
        v = normalised_weights(log_w) ** power
        return beta / self.num_samples + (1.0 - beta) * v
