"""Gradient estimators of importance-weighted bounds L(log w_1, ..., log w_k).

The gradient of L in the decoder's and the prior's parameters is sum_i v_i grad log p(x, z_i), with
v_i = d L / d log w_i. The functions below give the gradient in the posterior's parameters phi, for
log weights with a factor c on their KL part, log w = log p(x|z) + c (log p(z) - log q(z|x)). Each
returns a surrogate [k, B] with this gradient, sample by sample; its value has no meaning.

The arguments are `path`, which maps weights [k, B] to zeros with the gradient of the weighted
log w_i through z_i alone (see `split_gradient`); v_i, and v_i^2 for DReG, both [k, B];
log q(z_i|x), [k, B], without a gradient through z_i; and c.
"""

from collections.abc import Callable

import tensorflow as tf


def standard(path: Callable, v, squared, log_q, c) -> tf.Tensor:
    """The bound's own gradient: sum_i v_i grad_phi log w_i, through z_i and log q."""
    del squared
    return path(v) - v * c * log_q


def stl(path: Callable, v, squared, log_q, c) -> tf.Tensor:
    """Sticking the landing, Roeder et al. 2017 (arXiv:1703.09194): through z_i alone."""
    del squared, log_q, c
    return path(v)


def dreg(path: Callable, v, squared, log_q, c) -> tf.Tensor:
    """Doubly reparameterised, Tucker et al. 2018 (arXiv:1810.04152).

    E[v_i grad_phi log q(z_i|x)] = E[(v_i - v_i^2) (d log w_i / d z_i) grad_phi z_i].
    """
    del log_q
    return path(v - c * (v - squared))


GRADIENT_ESTIMATORS = {"standard": standard, "stl": stl, "dreg": dreg}


def with_gradient_of(surrogate: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
    """Returns `value` with the gradient of `surrogate`; both [B]."""
    return tf.stop_gradient(value - surrogate) + surrogate
