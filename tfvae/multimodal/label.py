"""A label that is part of the latent: its modality and the prior."""

import keras
import tensorflow as tf

from tfvae.arguments import require_at_least
from tfvae.distributions.distribution_layer import DistributionLayer
from tfvae.distributions.labelled_normal import IMPOSSIBLE, LabelledNormal
from tfvae.heads import OneHotCategorical


@keras.saving.register_keras_serializable("tfvae")
class Label(DistributionLayer):
    """A modality of one-hot labels [B, K] that is part of the latent: y of the latent [y, z].

    Args:
        num_classes: K, at least 2.
        name: the layer's name.
    """

    takes_training = True
    support = (0.0, 1.0)
    weight = 1.0  # no effect: its log-probability is 0
    data_dtype = tf.float32

    def __init__(self, num_classes: int, name: str | None = None):
        require_at_least(2, num_classes=num_classes)
        super().__init__(name)
        self.num_classes = num_classes
        self.likelihood = OneHotCategorical()
        self.data_shape = (num_classes,)

    def distribution(self, z: tf.Tensor, training: bool = False):
        """Returns the distribution of y given latents [..., K + d]; certain if y is one-hot."""
        del training
        probabilities = z[..., : self.num_classes]
        logits = tf.where(
            probabilities > 0, tf.math.log(tf.maximum(probabilities, 1e-30)), IMPOSSIBLE
        )
        return self.likelihood(logits, z.shape.rank - 1)

    def get_config(self):
        """Returns the constructor's arguments."""
        return {**super().get_config(), "num_classes": self.num_classes}


@keras.saving.register_keras_serializable("tfvae")
class LabelledPrior(DistributionLayer):
    """p(y) p(z): K equally likely classes, and a normal prior of z.

    Args:
        num_classes: K.
        prior: callable without arguments that returns p(z), a normal of diagonal covariance.
        name: the layer's name.
    """

    def __init__(self, num_classes: int, prior, name: str | None = None):
        super().__init__(name)
        self.num_classes = num_classes
        self.prior = prior

    def distribution(self):
        """Returns the distribution of [y, z], batch []."""
        p = self.prior()
        mean, stddev = (
            tf.tile(moment[tf.newaxis], [self.num_classes, 1]) for moment in (p.mean(), p.stddev())
        )
        return LabelledNormal(tf.zeros([self.num_classes]), mean, stddev)

    def get_config(self):
        """Returns the constructor's arguments, serialised."""
        prior = keras.saving.serialize_keras_object(self.prior)
        return {**super().get_config(), "num_classes": self.num_classes, "prior": prior}

    @classmethod
    def from_config(cls, config: dict):
        """Returns the prior of `get_config`."""
        return cls(**keras.saving.deserialize_keras_object(config))
