"""MIWAE: the mean of several importance-weighted bounds."""

import keras
import tensorflow as tf

from tfvae.arguments import require_at_least
from tfvae.estimators import log_mean_exp, normalised_weights
from tfvae.models.iwae import IWAE


@keras.saving.register_keras_serializable("tfvae")
class MIWAE(IWAE):
    """L(x) = E (1/M) sum_m log((1/K) sum_k w_mk).

    Rainforth et al. 2018 (arXiv:1802.04537), section 5: a larger M reduces the noise of the
    encoder's gradient, a larger K tightens the bound. M = 1 gives IWAE, K = 1 the VAE.

    Args:
        num_bounds: M, at least 1.
        num_samples: K, the samples per bound; there are M K in total.
        kwargs: the arguments of `IWAE`.

    Raises:
        ValueError: if `num_bounds` is below 1.
    """

    def __init__(self, *args, num_bounds: int = 8, num_samples: int = 8, **kwargs):
        require_at_least(1, num_bounds=num_bounds)
        super().__init__(*args, num_samples=num_samples, **kwargs)
        self.num_bounds = num_bounds

    @property
    def samples_per_example(self):
        """The samples of all bounds."""
        return self.num_bounds * self.num_samples

    def _by_bound(self, log_w: tf.Tensor) -> tf.Tensor:
        return tf.reshape(log_w, [self.num_bounds, self.num_samples, -1])

    def weighted_bound(self, log_w):
        """Returns L(x), [B], of log w_mk, [M K, B]."""
        return tf.reduce_mean(log_mean_exp(self._by_bound(log_w), axis=1), axis=0)

    def gradient_weights(self, log_w, power=1):
        """Returns d L / d log w_mk, [M K, B]; with `power` 2, the weights that DReG uses."""
        v = normalised_weights(self._by_bound(log_w), axis=1) ** power
        return tf.reshape(v, tf.shape(log_w)) / self.num_bounds
