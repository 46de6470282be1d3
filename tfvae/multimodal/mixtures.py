"""Posteriors that are mixtures with equal weights, one component per subset of the modalities."""

from collections.abc import Sequence

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae.models.bound import Bound

ABSENT = -1e30  # the logit of a component that an example does not have


def mixture(components: Sequence[tfd.Distribution], present: tf.Tensor) -> tfd.Mixture:
    """Returns the mixture, with equal weights, of the components that an example has.

    Args:
        components: K distributions, batch [B], event [d].
        present: 1 for components that an example has, else 0; [B, K].
    """
    weights = tfd.Categorical(logits=tf.where(present > 0, 0.0, ABSENT))
    return tfd.Mixture(weights, list(components))


def mean_of_present(values: Sequence[tf.Tensor], present: tf.Tensor) -> tf.Tensor:
    """Returns the mean of K `values` [B] over the components that an example has, [B]."""
    return tf.reduce_sum(tf.stack(values, axis=1) * present, axis=1) / tf.reduce_sum(
        present, axis=1
    )


def mean_bound(bounds: Sequence[Bound], present: tf.Tensor) -> Bound:
    """Returns the mean of K bounds over the components that an example has."""
    reconstructions = {
        name: mean_of_present([bound.reconstructions[name] for bound in bounds], present)
        for name in bounds[0].reconstructions
    }
    kl = mean_of_present([bound.kl for bound in bounds], present)
    return Bound(reconstructions, kl, bounds[0].weights)
