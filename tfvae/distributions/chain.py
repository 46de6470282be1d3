"""Several stochastic layers as one distribution, each layer conditioned on the previous one."""

from collections.abc import Callable, Iterator, Sequence

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae import noise
from tfvae.distributions.sampling import sample_with_seeds

# Maps the previous layer's values [n, d] and the context [n, c] (or None) to a layer's
# distribution, batch [n].
Conditional = Callable[[tf.Tensor, tf.Tensor | None], tfd.Distribution]


class Chain(tfd.Distribution):
    """p(z_1) p(z_2|z_1) p(z_3|z_2) ..., over the concatenated layers, top layer first.

    A bottom-up posterior q(z|x) starts at the layer next to the data; a prior p(z) starts at the
    top. To its users it is one distribution over vectors.

    Args:
        first: distribution of the first layer, batch [B] (or [] for a prior), event [d_1].
        conditionals: conditional distributions of the other layers, in sampling order.
        sizes: d of every layer, in sampling order.
        top_first: whether sampling starts at the top layer; else at the bottom layer.
        context: further input to the conditionals, [B, c], such as a network's output for the data.
        name: name of the distribution.
    """

    def __init__(
        self,
        first: tfd.Distribution,
        conditionals: Sequence[Conditional],
        sizes: Sequence[int],
        top_first: bool,
        context: tf.Tensor | None = None,
        name: str = "Chain",
    ):
        parameters = dict(locals())
        self.first = first
        self._conditionals = tuple(conditionals)
        self._sizes = tuple(sizes)
        self._order = slice(None) if top_first else slice(None, None, -1)
        self._context = context
        super().__init__(
            dtype=first.dtype,
            reparameterization_type=first.reparameterization_type,
            validate_args=False,
            allow_nan_stats=True,
            parameters=parameters,
            name=name,
        )

    def given(self, layers: Sequence[tf.Tensor]) -> Iterator[tuple[tfd.Distribution, tf.Tensor]]:
        """Yields the distribution of each layer after the first, batch [n], and the shape of n.

        Args:
            layers: values of the layers in sampling order, [..., d] each; the caller may append
                to it while iterating.
        """
        for number, conditional in enumerate(self._conditionals):
            previous, context = layers[number], self._context
            shape = tf.shape(previous)[:-1]
            if context is not None:
                shape = tf.broadcast_dynamic_shape(shape, tf.shape(context)[:-1])
                context = _rows(context, shape)
            yield conditional(_rows(previous, shape), context), shape

    def concatenate(self, layers: Sequence[tf.Tensor]) -> tf.Tensor:
        """Concatenates layers given in sampling order to one vector, top first, [..., d]."""
        return tf.concat(layers[self._order], axis=-1)

    def _log_prob(self, value):
        layers = tf.split(value, list(self._sizes[self._order]), axis=-1)[self._order]
        log_prob = self.first.log_prob(layers[0])
        for (layer, shape), drawn in zip(self.given(layers), layers[1:], strict=True):
            log_prob += tf.reshape(layer.log_prob(_rows(drawn, shape)), shape)
        return log_prob

    def _at_means(self) -> list[tfd.Distribution]:
        """Returns the distribution of every layer given the mean of the previous layer."""
        distributions = [self.first]
        means = [self.first.mean()]
        for (layer, shape), size in zip(self.given(means), self._sizes[1:], strict=True):
            distributions.append(layer)
            means.append(tf.reshape(layer.mean(), tf.concat([shape, [size]], axis=0)))
        return distributions

    def _moments(self, moment: Callable[[tfd.Distribution], tf.Tensor]) -> tf.Tensor:
        batch_shape = self.batch_shape_tensor()
        moments = [
            tf.reshape(moment(layer), tf.concat([batch_shape, [size]], axis=0))
            for layer, size in zip(self._at_means(), self._sizes, strict=True)
        ]
        return tf.ensure_shape(self.concatenate(moments), self.batch_shape + self.event_shape)

    def _mean(self):
        """Returns the mean of each layer, given the mean of the previous layer."""
        return self._moments(lambda layer: layer.mean())

    def _stddev(self):
        """Returns the deviation of each layer, given the mean of the previous layer."""
        return self._moments(lambda layer: layer.stddev())

    def _batch_shape(self):
        return self.first.batch_shape

    def _batch_shape_tensor(self):
        return self.first.batch_shape_tensor()

    def _event_shape(self):
        return tf.TensorShape([sum(self._sizes)])

    def _event_shape_tensor(self):
        return tf.constant([sum(self._sizes)], tf.int32)


@sample_with_seeds.register(Chain)
def _(distribution, seeds, num_samples=1, first_sample=0):
    """Samples layer by layer, with independent noise for each."""
    rows = noise.fold_in(seeds, "layer 0")
    layers = [sample_with_seeds(distribution.first, rows, num_samples, first_sample)]
    for number, (layer, shape) in enumerate(distribution.given(layers), start=1):
        rows = noise.fold_in(seeds, f"layer {number}")
        values = sample_with_seeds(layer, noise.sample_rows(rows, num_samples, first_sample))[0]
        layers.append(tf.reshape(values, tf.concat([shape, values.shape[1:]], axis=0)))
    return distribution.concatenate(layers)


def _rows(values: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    """Broadcasts values [..., d] to [*shape, d] and flattens them to [n, d]."""
    size = values.shape[-1]
    return tf.reshape(tf.broadcast_to(values, tf.concat([shape, [size]], axis=0)), [-1, size])
