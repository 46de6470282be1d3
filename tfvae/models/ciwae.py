"""CIWAE: between the VAE's bound and the IWAE's."""

import keras
import tensorflow as tf

from tfvae.coefficients import Coefficient
from tfvae.estimators import log_mean_exp, normalised_weights
from tfvae.models.iwae import IWAE
from tfvae.schedules import NumberOrSchedule


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
        ValueError: if `beta` is a number outside [0, 1].
    """

    beta = Coefficient(minimum=0, maximum=1)

    def __init__(self, *args, beta: NumberOrSchedule = 0.5, **kwargs):
        super().__init__(*args, **kwargs)
        self.beta = beta

    def weighted_bound(self, log_w):
        """Returns L(x), [B], of log w_i, [k, B]."""
        evidence_lower_bound = tf.reduce_mean(log_w, axis=0)
        return self.beta * evidence_lower_bound + (1.0 - self.beta) * log_mean_exp(log_w)

    def gradient_weights(self, log_w, power=1):
        """Returns d L / d log w_i, [k, B]; with `power` 2, the weights that DReG uses."""
        v = normalised_weights(log_w) ** power
        return self.beta / self.num_samples + (1.0 - self.beta) * v
