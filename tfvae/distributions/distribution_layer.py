"""A Keras layer whose call gives a TFP distribution: what heads and priors are."""

import keras
import tensorflow as tf


class DistributionLayer(keras.layers.Layer):
    """Parameters (if any) to a distribution; trainable weights are tracked and saved by Keras.

    A layer's call must return tensors in Keras 3, so `__call__` goes straight to
    `distribution`: no symbolic tensors, no dtype casting.

    Attributes:
        takes_training: whether `distribution` takes `training`, for the networks it holds.
    """

    takes_training: bool = False

    def __init__(self, name: str | None = None):
        super().__init__(name=name, dtype="float32")
        self.built = True

    def distribution(self, *args):
        """Returns the distribution; subclasses say of what."""
        raise NotImplementedError(f"{type(self).__name__} must implement `distribution`")

    def __call__(self, *args, **kwargs):
        """Returns `distribution(...)`."""
        return self.distribution(*args, **kwargs)

    def get_config(self) -> dict:
        """Returns the constructor's arguments; subclasses add their own."""
        return {"name": self.name}


class Head(DistributionLayer):
    """Parameters [n, ..., event * params_size] to a distribution of batch [n].

    Attributes:
        params_size: how many outputs the head needs of its network: of an encoder in all, of a
            decoder per value of an image.
        support: (low, high) of the values it gives a probability to; None where unbounded.
        data_dtype: dtype of the values it gives a probability to.
        gives_probabilities: whether `log_prob` is of values' probabilities, which have a number of
            bits, rather than of their density.
    """

    params_size: int
    support: tuple[float, float] | None = None
    data_dtype: str = "float32"
    gives_probabilities: bool = False

    def distribution(self, params: tf.Tensor, batch_ndims: int = 1):
        """Returns the distribution with `params`, concatenated on the last axis.

        Args:
            params: float32, [...batch, ...event with the last axis times params_size].
            batch_ndims: how many leading axes are the batch.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `distribution`")


def distribution_of(layer, *params: tf.Tensor, training: bool):
    """Returns the distribution of a posterior or a prior: of a layer, or of a user's function."""
    if getattr(layer, "takes_training", False):
        return layer(*params, training=training)
    return layer(*params)


def likelihood_of(likelihood, params: tf.Tensor, batch_ndims: int):
    """Returns p(x|z) with `params`: of a head, or of a user's own function of `params` alone.

    Raises:
        ValueError: where a function's distribution has another number of batch axes.
    """
    if isinstance(likelihood, Head):
        return likelihood(params, batch_ndims)
    p = likelihood(params)
    if p.batch_shape.rank != batch_ndims:
        raise ValueError(
            f"likelihood gives batch shape {p.batch_shape} for parameters {params.shape}; all "
            f"but the data's axes are batch axes, here {batch_ndims}: fix the "
            "reinterpreted_batch_ndims of its tfd.Independent to the data's rank"
        )
    return p
