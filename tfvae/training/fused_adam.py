"""Adam as one operation per variable.

Keras writes Adam's update in twelve operations per variable, which takes longer than the update
itself if a model is small. TensorFlow's `ResourceApplyAdam` is the same update in one.
"""

import functools

import keras
import tensorflow as tf

from tfvae.training.players import inner


def fuse(optimizer: keras.optimizers.Optimizer) -> None:
    """Makes an optimizer update dense variables by one operation if it is Adam, or leaves it.

    Kingma & Ba 2015 (arXiv:1412.6980), algorithm 1 with the order of section 2's last paragraph,
    as in Keras. Weight decay, clipping, averages of the weights and loss scaling happen outside
    of the update and stay Keras's; so do AMSGrad and subclasses of Adam.

    Args:
        optimizer: any Keras optimizer, built; of one that scales its loss, the inner one counts.
    """
    adam = inner(optimizer)
    if type(adam) is keras.optimizers.Adam and not adam.amsgrad:
        adam.update_step = functools.partial(_update_step, adam, adam.update_step)


def _update_step(adam, keras_update_step, gradient, variable, learning_rate) -> None:
    """Replaces `Adam.update_step`, which Keras calls with the tf.Variable of each replica."""
    index = adam._get_variable_index(variable)
    if isinstance(gradient, tf.IndexedSlices) or variable.dtype != "float32":
        keras_update_step(gradient, variable, learning_rate)
        return
    step = tf.cast(adam.iterations.value, tf.float32) + 1.0
    tf.raw_ops.ResourceApplyAdam(
        var=variable.handle,
        m=adam._momentums[index].value.handle,
        v=adam._velocities[index].value.handle,
        beta1_power=tf.pow(tf.constant(adam.beta_1, tf.float32), step),
        beta2_power=tf.pow(tf.constant(adam.beta_2, tf.float32), step),
        lr=tf.cast(learning_rate, tf.float32),
        beta1=tf.constant(adam.beta_1, tf.float32),
        beta2=tf.constant(adam.beta_2, tf.float32),
        epsilon=tf.constant(adam.epsilon, tf.float32),
        grad=gradient,
    )
