"""The joint distribution of a label and normal latents that depend on it."""

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae import noise
from tfvae.distributions.sampling import sample_with_seeds

# Logit of an impossible class: very low, but finite for the gradients.
IMPOSSIBLE = -1e9


class LabelledNormal(tfd.Distribution):
    """q(y) q(z|y): a one-hot label y of K classes, then a normal z given y.

    Values are [y, z], [..., K + d]. The density is the label's probability times the density of z.
    Samples are differentiable in the moments, not in the label's probabilities.

    Args:
        logits: class logits, [B, K]; or [K].
        mean: mean of z given each class, [B, K, d]; or [K, d].
        stddev: standard deviation of z given each class, same shape.
    """

    def __init__(self, logits: tf.Tensor, mean: tf.Tensor, stddev: tf.Tensor):
        parameters = dict(locals())
        self.log_probs = tf.nn.log_softmax(logits)
        self.moments = mean, stddev
        super().__init__(
            dtype=tf.float32,
            reparameterization_type=tfd.NOT_REPARAMETERIZED,
            validate_args=False,
            allow_nan_stats=True,
            parameters=parameters,
            name="LabelledNormal",
        )

    @property
    def num_classes(self) -> int:
        """Number of classes, K."""
        return self.log_probs.shape[-1]

    def given(self, label: tf.Tensor) -> tfd.MultivariateNormalDiag:
        """Returns q(z|y) for one-hot labels [..., K]."""
        mean, stddev = (tf.reduce_sum(label[..., tf.newaxis] * m, axis=-2) for m in self.moments)
        return tfd.MultivariateNormalDiag(mean, stddev)

    def _batch_shape(self):
        return self.log_probs.shape[:-1]

    def _batch_shape_tensor(self):
        return tf.shape(self.log_probs)[:-1]

    def _event_shape(self):
        return tf.TensorShape([self.num_classes + self.moments[0].shape[-1]])

    def _log_prob(self, value):
        label, z = value[..., : self.num_classes], value[..., self.num_classes :]
        return tf.reduce_sum(label * self.log_probs, axis=-1) + self.given(label).log_prob(z)

    def _mean(self):
        probs = tf.exp(self.log_probs)
        return tf.concat([probs, self._average(self.moments[0])], axis=-1)

    def _stddev(self):
        mean, stddev = self.moments
        probs = tf.exp(self.log_probs)
        squares = self._average(stddev**2 + mean**2)
        variance = tf.concat(
            [probs * (1 - probs), squares - self._average(mean) ** 2],
            axis=-1,
        )
        return tf.sqrt(tf.maximum(variance, 0.0))

    def _average(self, values: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(tf.exp(self.log_probs)[..., tf.newaxis] * values, axis=-2)

    def _default_event_space_bijector(self):
        return None  # the label is discrete


@sample_with_seeds.register(LabelledNormal)
def _(distribution, seeds, num_samples=1, first_sample=0):
    """Samples a label with independent noise, then z given the label."""
    uniform = noise.uniform(noise.fold_in(seeds, "label"), 1, num_samples, first_sample)
    cumulative = tf.cumsum(tf.exp(distribution.log_probs), axis=-1)
    below = tf.cast(uniform >= cumulative[..., :-1], tf.int32)  # [num_samples, B, K - 1]
    label = tf.one_hot(tf.reduce_sum(below, axis=-1), distribution.num_classes)
    normal = noise.normal(seeds, distribution.moments[0].shape[-1], num_samples, first_sample)
    q = distribution.given(label)
    return tf.concat([label, q.mean() + q.stddev() * normal], axis=-1)
