"""Categorical likelihood for one-hot vectors."""

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae.distributions.distribution_layer import LikelihoodHead


class _OneHotCategorical(tfd.OneHotCategorical):
    """A `tfd.OneHotCategorical` that allows soft vectors; its mean is the probabilities."""

    def _log_prob(self, x):
        return tf.reduce_sum(x * tf.nn.log_softmax(self.logits), axis=-1)

    def _mean(self):
        return tf.exp(tf.nn.log_softmax(self.logits))


@keras.saving.register_keras_serializable("tfvae")
class OneHotCategorical(LikelihoodHead):
    """Categorical likelihood of one-hot vectors: p(y|z) = prod_k softmax(logits)_k^y_k.

    For data such as `tfvae.data.Labels`. Parameters are [n, ..., K], one logit per class; the
    distribution has batch [n], event [..., K]. For soft vectors, such as class probabilities, the
    log-probability is minus the cross entropy. `mean` is the probability of each class.
    """

    params_size = 1
    support = (0.0, 1.0)
    gives_probabilities = True

    def distribution(self, params, batch_ndims=1):
        """Returns the independent categoricals with logits `params`."""
        categorical = _OneHotCategorical(logits=params, dtype=params.dtype)
        return tfd.Independent(categorical, params.shape.rank - batch_ndims - 1)
