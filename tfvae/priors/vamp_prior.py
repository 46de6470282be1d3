"""The mixture of posteriors."""

from collections.abc import Callable

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from tfvae.arguments import require_positive
from tfvae.distributions.distribution_layer import DistributionLayer
from tfvae.priors.data_examples import Data, data_examples


@keras.saving.register_keras_serializable("tfvae")
class VampPrior(DistributionLayer):
    """p(z) = (1/K) sum_k q(z|u_k), Tomczak & Welling 2018 (arXiv:1705.07120), equation 9.

    The pseudo-inputs u_k are trainable, and kept to the values that the likelihood allows. They
    go through the model's own encoder (in inference mode) whenever the prior is asked for,
    so it costs about as much as K more examples in a batch.

    Args:
        size: number of latent dimensions, d.
        num_pseudo_inputs: K.
        data: a `tfvae.data.Dataset` or an array [N, ...] with K examples or more to start
            from; the start is noise where None.
        name: the layer's name.

    Attributes:
        event_shape: of a latent, known before the model's encoder is.
        density_shape: of the largest tensor that the density of one latent takes.

    Raises:
        ValueError: where the data holds fewer than K examples.
    """

    def __init__(
        self,
        size: int,
        num_pseudo_inputs: int = 500,
        data: Data | None = None,
        name: str | None = None,
    ):
        require_positive("size", size)
        require_positive("num_pseudo_inputs", num_pseudo_inputs)
        super().__init__(name)
        self.size = size
        self.num_pseudo_inputs = num_pseudo_inputs
        self.event_shape = (size,)
        self.density_shape = (num_pseudo_inputs, size)
        self._start = None if data is None else data_examples(data, num_pseudo_inputs)
        if self._start is not None and len(self._start) < num_pseudo_inputs:
            raise ValueError(
                f"num_pseudo_inputs is {num_pseudo_inputs}; the data to start from holds "
                f"{len(self._start)} examples only"
            )
        self._encode: Callable | None = None

    def attach(
        self,
        encode: Callable,
        data_shape: tuple[int, ...],
        support: tuple[float, float] | None,
    ) -> None:
        """Makes the pseudo-inputs; called by the model that this is the prior of.

        Args:
            encode: data [K, ...] to q(z|x), batch [K].
            data_shape: shape of an example.
            support: (low, high) of the data's values; None where unbounded.

        Raises:
            ValueError: where the prior belongs to a model already, or its data has another shape.
        """
        if self._encode is not None:
            raise ValueError(f"{self.name} is the prior of a model already; make another one")
        if self._start is not None and self._start.shape[1:] != data_shape:
            raise ValueError(
                f"the data to start from has examples of shape {list(self._start.shape[1:])}; "
                f"the model's have {list(data_shape)}"
            )
        self.pseudo_inputs = self.add_weight(
            name="pseudo_inputs",
            shape=(self.num_pseudo_inputs, *data_shape),
            initializer=self._initializer(support),
            constraint=support and _Within(*support),
            aggregation="mean",  # the constraint is applied on every replica
        )
        self._start = None
        self._encode = encode  # the model's own: its variables are not the prior's

    def _initializer(self, support) -> keras.initializers.Initializer:
        if self._start is not None:
            return keras.initializers.Constant(self._start)
        return keras.initializers.RandomUniform(*(support or (-1.0, 1.0)))

    def distribution(self):
        """Returns the mixture, batch [], event [d].

        Raises:
            ValueError: where the prior belongs to no model yet.
        """
        if self._encode is None:
            raise ValueError(f"{self.name} needs an encoder: give it to a model as its prior")
        return tfp.distributions.MixtureSameFamily(
            tfp.distributions.Categorical(logits=tf.zeros(self.num_pseudo_inputs)),
            self._encode(tf.convert_to_tensor(self.pseudo_inputs)),  # batch [K]
        )

    def get_config(self):
        """Returns the constructor's arguments but the data: the pseudo-inputs are weights."""
        fields = {"size": self.size, "num_pseudo_inputs": self.num_pseudo_inputs}
        return {**super().get_config(), **fields}


class _Within(keras.constraints.Constraint):
    """Keeps values from `low` to `high`."""

    def __init__(self, low: float, high: float):
        self.low = low
        self.high = high

    def __call__(self, value):
        return tf.clip_by_value(value, self.low, self.high)
