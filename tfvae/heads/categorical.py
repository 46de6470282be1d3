"""Categorical likelihood."""

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae.distributions.distribution_layer import LikelihoodHead


class _Categorical(tfd.Categorical):
    """A categorical over float class numbers; its mean is the expected class number."""

    def _log_prob(self, value):
        return super()._log_prob(tf.cast(tf.round(value), tf.int32))

    def _mean(self):
        # Not tf.nn.softmax: its oneDNN kernel supports at most five axes.
        logits = self.logits_parameter()
        probabilities = tf.exp(logits - tf.reduce_logsumexp(logits, axis=-1, keepdims=True))
        classes = tf.range(tf.shape(probabilities)[-1])
        return tf.reduce_sum(probabilities * tf.cast(classes, probabilities.dtype), axis=-1)


@keras.saving.register_keras_serializable("tfvae")
class Categorical(LikelihoodHead):
    """Categorical likelihood: p(x|z) = prod_i Categorical(x_i), with class numbers 0 ... K - 1.

    Parameters are [n, ..., K C], the logits of class 0 for the C values, then of class 1, ...; the
    distribution has batch [n], event [..., C]; `mean` is the expected class number.

    Args:
        num_classes: number of classes, K.
        name: name of the layer.

    Raises:
        ValueError: if `num_classes` is below 2.
    """

    gives_probabilities = True

    def __init__(self, num_classes: int, name: str | None = None):
        if num_classes < 2:
            raise ValueError(f"num_classes is {num_classes}; it must be at least 2")
        super().__init__(name)
        self.num_classes = num_classes
        self.params_size = num_classes
        self.support = (0.0, num_classes - 1.0)

    def distribution(self, params, batch_ndims=1):
        """Returns the independent categoricals with logits `params`."""
        logits = tf.stack(tf.split(params, self.num_classes, axis=-1), axis=-1)
        return tfd.Independent(
            _Categorical(logits=logits, dtype=tf.float32), params.shape.rank - batch_ndims
        )

    def get_config(self):
        """Returns the constructor's arguments."""
        return {**super().get_config(), "num_classes": self.num_classes}
