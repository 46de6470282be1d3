"""PIWAE: one bound for the decoder, another for the encoder."""

import keras

from tfvae.estimators import log_mean_exp, normalised_weights
from tfvae.models.miwae import MIWAE


@keras.saving.register_keras_serializable("tfvae")
class PIWAE(MIWAE):
    """The model learns from IWAE's bound of M K samples, the posterior from MIWAE's of M times K.

    Rainforth et al. 2018 (arXiv:1802.04537), section 5: log((1/M K) sum_mk w_mk) for theta and
    (1/M) sum_m log((1/K) sum_k w_mk) for phi, from the same samples. The loss is the first.

    Args:
        kwargs: the arguments of `MIWAE`.
    """

    @property
    def differentiates_bound(self):
        """Never: neither bound's gradient is right for all parameters."""
        return False

    def weighted_bound(self, log_w):
        """Returns the model's L(x), [B], of log w_mk, [M K, B]."""
        return log_mean_exp(log_w)

    def model_weights(self, log_w):
        """Returns the weights of grad_theta, [M K, B]; MIWAE's are those of grad_phi."""
        return normalised_weights(log_w)
