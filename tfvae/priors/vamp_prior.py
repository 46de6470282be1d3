"""The VampPrior: a mixture of posteriors at learned pseudo-inputs."""

from collections.abc import Callable

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from tfvae.arguments import require_positive
from tfvae.distributions.distribution_layer import DistributionLayer
from tfvae.priors.data_examples import Data, data_examples


@keras.saving.register_keras_serializable("tfvae")
class VampPrior(DistributionLayer):
    """VampPrior: p(z) = (1/K) sum_k q(z|u_k), the mixture of posteriors at pseudo-inputs u_k.

    Tomczak & Welling 2018 (arXiv:1705.07120), equation 9. The pseudo-inputs are trainable and
    clipped to the support of the likelihood. Each evaluation of the prior encodes them with the
    model's encoder (in inference mode), at the cost of about K more examples per batch.

    Args:
        size: number of latent dimensions, d.
        num_pseudo_inputs: number of pseudo-inputs, K.
        data: a `tfvae.data.Dataset` or an array [N, ...] with at least K examples to initialise
            the pseudo-inputs; random if None.
        name: name of the layer.

    Attributes:
        event_shape: shape of a latent, available before the prior is part of a model.
        density_shape: shape of the largest tensor in the density of one latent.

    Raises:
        ValueError: if `size` or `num_pseudo_inputs` is not above 0, or `data` has fewer than K
            examples.
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
                f"num_pseudo_inputs is {num_pseudo_inputs}; the initial data has only "
                f"{len(self._start)} examples"
            )
        self._encode: Callable | None = None

    def connect(self, model) -> None:
        """Creates the pseudo-inputs; called by the model.

        Args:
            model: has `encode`, which maps data [K, ...] to q(z|x), batch [K]; `data_shape` and
                `support`.

        Raises:
            ValueError: if the prior is already part of a model, or its data has another shape.
        """
        if self._encode is not None:
            raise ValueError(f"{self.name} is already the prior of a model; create another one")
        data_shape, support = model.data_shape, model.support
        if self._start is not None and self._start.shape[1:] != data_shape:
            raise ValueError(
                f"the initial data has examples of shape {list(self._start.shape[1:])}; the "
                f"model needs {list(data_shape)}"
            )
        self.pseudo_inputs = self.add_weight(
            name="pseudo_inputs",
            shape=(self.num_pseudo_inputs, *data_shape),
            initializer=self._initializer(support),
            constraint=support and _Within(*support),
            aggregation="mean",  # the constraint is applied on every replica
        )
        self._start = None
        self._encode = model.encode  # a method, so that Keras tracks no variables here

    def _initializer(self, support) -> keras.initializers.Initializer:
        if self._start is not None:
            return keras.initializers.Constant(self._start)
        return keras.initializers.RandomUniform(*(support or (-1.0, 1.0)))

    def distribution(self):
        """Returns the mixture, batch [], event [d].

        Raises:
            ValueError: if the prior is not yet part of a model.
        """
        if self._encode is None:
            raise ValueError(f"{self.name} needs an encoder: pass it to a model as its prior")
        return tfp.distributions.MixtureSameFamily(
            tfp.distributions.Categorical(logits=tf.zeros(self.num_pseudo_inputs)),
            self._encode(tf.convert_to_tensor(self.pseudo_inputs)),  # batch [K]
        )

    def get_config(self):
        """Returns the constructor's arguments except `data`: the pseudo-inputs are weights."""
        fields = {"size": self.size, "num_pseudo_inputs": self.num_pseudo_inputs}
        return {**super().get_config(), **fields}


class _Within(keras.constraints.Constraint):
    """Clips values to [low, high]."""

    def __init__(self, low: float, high: float):
        self.low = low
        self.high = high

    def __call__(self, value):
        return tf.clip_by_value(value, self.low, self.high)
