"""Posteriors that are mixtures, one equal component for each of some subsets of the modalities."""

from collections.abc import Sequence

import tensorflow as tf
from tensorflow_probability import distributions as tfd

ABSENT = -1e30  # the logit of a component that an example does not have


def mixture(components: Sequence[tfd.Distribution], present: tf.Tensor) -> tfd.Distribution:
    """Returns the mixture with equal weights of the components that an example has.

    Args:
        components: K distributions of one kind, batch [B], event [d].
        present: 1 for components that an example has, else 0; [B, K].
    """
    logits = tf.where(present > 0, 0.0, ABSENT)
    return tfd.MixtureSameFamily(tfd.Categorical(logits=logits), stacked(components))


def stacked(components: Sequence[tfd.Distribution]) -> tfd.Distribution:
    """Returns K distributions of batch [B] as one of batch [B, K]."""
    parameters = [_parameters(component) for component in components]
    together = {
        name: tf.stack([each[name] for each in parameters], axis=1) for name in parameters[0]
    }
    return type(components[0])(**together)


def _parameters(distribution: tfd.Distribution) -> dict[str, tf.Tensor]:
    return {
        name: tf.convert_to_tensor(value)
        for name, value in distribution.parameters.items()
        if tf.is_tensor(value)
    }


def mean_of_present(values: Sequence[tf.Tensor], present: tf.Tensor) -> tf.Tensor:
    """Returns the mean over the components that an example has, [B], of `values`, K times [B]."""
    return tf.reduce_sum(tf.stack(values, axis=1) * present, axis=1) / tf.reduce_sum(
        present, axis=1
    )
