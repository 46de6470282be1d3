"""Discretised logistic likelihood for 8-bit images."""

import keras
import tensorflow as tf
from tensorflow_probability import bijectors as tfb
from tensorflow_probability import distributions as tfd

from tfvae.distributions.distribution_layer import LikelihoodHead

LEVELS = 256


# These classes define no constructor: TFP infers batch shapes from their bases' parameters.
class _QuantizedLogistic(tfd.QuantizedDistribution):
    """A shifted logistic rounded to levels; its mean is the clipped location."""

    def _mean(self):
        return tf.clip_by_value(self.distribution.distribution.loc, self.low, self.high)


class _EightBit(tfd.TransformedDistribution):
    """Levels 0 ... 255 scaled to 0, 1/255, ... 1; discrete, so there is no Jacobian."""

    def _log_prob(self, value, **kwargs):
        return self.distribution.log_prob(tf.round(value * (LEVELS - 1.0)))

    def _mean(self):
        return self.distribution.mean() / (LEVELS - 1.0)


def _eight_bit(loc: tf.Tensor, scale: tf.Tensor) -> tfd.Distribution:
    logistic = tfd.Logistic(loc * (LEVELS - 1.0), scale * (LEVELS - 1.0))
    # QuantizedDistribution rounds up; shifted by half a level, it rounds to the nearest level.
    levels = _QuantizedLogistic(
        tfb.Shift(-0.5)(logistic), low=0.0, high=LEVELS - 1.0, name="QuantizedLogistic"
    )
    return _EightBit(levels, tfb.Scale(1.0 / (LEVELS - 1.0)), name="EightBitLogistic")


@keras.saving.register_keras_serializable("tfvae")
class DiscretizedLogistic(LikelihoodHead):
    """Discretised logistic likelihood of 8-bit images, over 256 levels.

    Kingma et al. 2016 (arXiv:1606.04934), section 5.2: the logistic's mass within half a level;
    the first and last level include the tails. Values are level / 255, in [0, 1]. Parameters
    are [n, ..., 2 C]: mean (in [0, 1]), then log-variance; the distribution has batch [n], event
    [..., C]; `mean` is the location clipped to [0, 1].
    """

    params_size = 2
    support = (0.0, 1.0)
    gives_probabilities = True

    def distribution(self, params, batch_ndims=1):
        """Returns the independent discretised logistics with parameters `params`."""
        mean, log_variance = tf.split(params, 2, axis=-1)
        # At scales below a quarter of a level the gradient would vanish away from the mean.
        scale = tf.exp(0.5 * tf.clip_by_value(log_variance, -14.0, 14.0))
        return tfd.Independent(_eight_bit(mean, scale), params.shape.rank - batch_ndims)
