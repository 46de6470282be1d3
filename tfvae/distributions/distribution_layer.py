"""Keras layers that return TFP distributions: the base classes of heads and priors."""

import keras
import tensorflow as tf


class DistributionLayer(keras.layers.Layer):
    """A Keras layer that maps parameters (if any) to a TFP distribution.

    Keras tracks and saves its weights. In Keras 3 the call of a layer must return tensors, so
    `__call__` calls `distribution` directly: no symbolic tensors, no dtype casting.

    Attributes:
        takes_training: whether `distribution` has the argument `training`, for layers that contain
            networks.
    """

    takes_training: bool = False

    def __init__(self, name: str | None = None):
        super().__init__(name=name, dtype="float32")
        self.built = True

    def distribution(self, *args):
        """Returns the distribution; implemented by subclasses."""
        raise NotImplementedError(f"{type(self).__name__} must implement `distribution`")

    def connect(self, model) -> None:
        """Takes what the distribution needs from the model that it becomes a part of.

        A posterior is connected once the model has its prior, a prior once `encode` works.
        """

    def __call__(self, *args, **kwargs):
        """Returns `distribution(...)`."""
        return self.distribution(*args, **kwargs)

    def get_config(self) -> dict:
        """Returns the constructor's arguments; subclasses add theirs."""
        return {"name": self.name}


class Head(DistributionLayer):
    """A layer that maps a network's outputs to a distribution: see its two subclasses.

    Attributes:
        params_size: number of outputs that the head needs from its network.
    """

    params_size: int


class PosteriorHead(Head):
    """q(z|x): an encoder's outputs [..., params_size] to a distribution of batch [...], event [d].

    Attributes:
        params_size: number of outputs of the encoder.
    """

    def distribution(self, params: tf.Tensor):
        """Returns q(z|x) with parameters `params`, float32 [..., params_size]."""
        raise NotImplementedError(f"{type(self).__name__} must implement `distribution`")


class LikelihoodHead(Head):
    """p(x|z): a decoder's outputs [n, ..., C * params_size] to a distribution of data [..., C].

    Attributes:
        params_size: number of outputs of the decoder per value of the data.
        support: (low, high), the range of the data's values; None if unbounded.
        data_dtype: dtype of the data.
        gives_probabilities: whether `log_prob` is a log-probability, which can be converted to
            bits, rather than a log-density.
        params_are_logits: whether the parameters are one logit per value.
    """

    support: tuple[float, float] | None = None
    data_dtype: str = "float32"
    gives_probabilities: bool = False
    params_are_logits: bool = False

    def distribution(self, params: tf.Tensor, batch_ndims: int = 1):
        """Returns p(x|z) with parameters `params`.

        Args:
            params: float32 [...batch, ..., C * params_size].
            batch_ndims: number of leading batch axes.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `distribution`")


def connect(part, model) -> None:
    """Connects a posterior or prior to its model; a user's function needs nothing of it."""
    if isinstance(part, DistributionLayer):
        part.connect(model)


def distribution_of(layer, *params: tf.Tensor, training: bool):
    """Returns the distribution of a posterior or prior, which is a layer or a user's function."""
    if getattr(layer, "takes_training", False):
        return layer(*params, training=training)
    return layer(*params)


def likelihood_of(likelihood, params: tf.Tensor, batch_ndims: int):
    """Returns p(x|z) of a likelihood head, or of a user's function of `params` alone.

    Raises:
        ValueError: if a function's distribution has another number of batch axes.
    """
    if isinstance(likelihood, LikelihoodHead):
        return likelihood(params, batch_ndims)
    p = likelihood(params)
    if p.batch_shape.rank != batch_ndims:
        raise ValueError(
            f"likelihood returns batch shape {p.batch_shape} for parameters {params.shape}; all "
            f"axes except the data's must be batch axes, here {batch_ndims}: set the "
            "reinterpreted_batch_ndims of its tfd.Independent to the data's rank"
        )
    return p
