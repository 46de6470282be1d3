"""The gradient through reparameterised samples, apart from that through parameters."""

from collections.abc import Callable

import tensorflow as tf


def split_gradient(function: Callable, z: tf.Tensor):
    """Returns what `function` gives at the samples `z`, and the gradient through `z` on its own.

    The gradient of an expectation under q over f(z; parameters) has two parts: one through the
    parameters where z stays, one through z, the path. Gradient estimators differ in how they weigh
    the two (Roeder et al. 2017, arXiv:1703.09194; Tucker et al. 2018, arXiv:1810.04152).

    Args:
        function: samples [k, B, d] to (value [k, B], anything else it computes).
        z: samples [k, B, d], functions of the parameters of q.

    Returns:
        `function(z)`, through which no gradient reaches z; and `path`, to be called once: weights
        [k, B] to zeros [k, B], whose gradients sum to that of sum_ib weights_ib value_ib through z
        alone. So value + path(ones) has the whole gradient. The weights come first since
        a value may depend on every row's z, as under batch normalisation.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        fixed = tf.stop_gradient(z)
        tape.watch(fixed)
        value, *others = function(fixed)

    def path(weights: tf.Tensor) -> tf.Tensor:
        slope = tape.gradient(value, fixed, output_gradients=tf.stop_gradient(weights))
        return tf.reduce_sum(tf.stop_gradient(slope) * (z - fixed), axis=-1)

    return (value, *others), path
