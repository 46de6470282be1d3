"""The gradient through reparameterised samples, separate from that through parameters."""

from collections.abc import Callable

import tensorflow as tf


def split_gradient(function: Callable, z: tf.Tensor):
    """Returns `function` at the samples `z`, and the gradient through `z` separately.

    The gradient of an expectation of f(z; parameters) under q has two parts: one through the
    parameters at fixed z, and one through z, the path. Gradient estimators differ in how they
    weight the two (Roeder et al. 2017, arXiv:1703.09194; Tucker et al. 2018, arXiv:1810.04152).

    Args:
        function: samples [k, B, d] to a tuple of the value [k, B] and any other results.
        z: samples [k, B, d], functions of the parameters of q.

    Returns:
        `function(z)`, without a gradient through z; and `path`, which may be called once. It maps
        weights [k, B] to zeros [k, B]; the gradient of their sum is that of
        sum_ib weights_ib value_ib through z alone, so value + path(ones) has the whole gradient.
        The weights are applied before the gradient is taken since a value may depend on the z of
        every row, as under batch normalisation.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        fixed = tf.stop_gradient(z)
        tape.watch(fixed)
        value, *others = function(fixed)

    def path(weights: tf.Tensor) -> tf.Tensor:
        slope = tape.gradient(value, fixed, output_gradients=tf.stop_gradient(weights))
        return tf.reduce_sum(tf.stop_gradient(slope) * (z - fixed), axis=-1)

    return (value, *others), path
