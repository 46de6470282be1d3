"""Autoregressive likelihood for token sequences, such as captions."""

import math

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae.arguments import require_at_least
from tfvae.distributions.distribution_layer import LikelihoodHead


class _TokenSequence(tfd.Distribution):
    """Token sequences given a context [..., units]: batch [...], event int32 [T]."""

    def __init__(self, head: "TokenSequence", context: tf.Tensor):
        self._head, self._context = head, context
        super().__init__(
            dtype=tf.int32,
            reparameterization_type=tfd.NOT_REPARAMETERIZED,
            validate_args=False,
            allow_nan_stats=True,
            parameters={"head": head, "context": context},
            name="TokenSequence",
        )

    def _batch_shape(self):
        return self._context.shape[:-1]

    def _batch_shape_tensor(self):
        return tf.shape(self._context)[:-1]

    def _event_shape(self):
        return tf.TensorShape([self._head.length])

    def _event_shape_tensor(self):
        return tf.constant([self._head.length])

    def _log_prob(self, value):
        tokens = tf.cast(tf.round(value) if value.dtype.is_floating else value, tf.int32)
        batch = tf.broadcast_dynamic_shape(self._batch_shape_tensor(), tf.shape(tokens)[:-1])
        flat = [_flat(tensor, batch) for tensor in (self._context, tokens)]
        log_prob = tf.reshape(self._head.sequence_log_prob(*flat), batch)
        shape = tf.broadcast_static_shape(self._batch_shape(), tokens.shape[:-1])
        return tf.ensure_shape(log_prob, shape)

    def _mean(self):
        batch = self._batch_shape_tensor()
        tokens = self._head.greedy_sequence(_flat(self._context, batch))
        tokens = tf.reshape(tokens, tf.concat([batch, [self._head.length]], axis=0))
        return tf.ensure_shape(tokens, [*self._batch_shape(), self._head.length])


def _flat(tensor: tf.Tensor, batch: tf.Tensor) -> tf.Tensor:
    """Broadcasts `tensor` [..., m] to the shape `batch` and flattens it to [n, m]."""
    size = tensor.shape[-1]
    return tf.reshape(tf.broadcast_to(tensor, tf.concat([batch, [size]], axis=0)), [-1, size])


@keras.saving.register_keras_serializable("tfvae")
class TokenSequence(LikelihoodHead):
    """Autoregressive likelihood of T tokens: p(x|z) = prod_t p(x_t | x_1 ... x_{t-1}, z), by a GRU.

    Token 0 ends a sequence; the probability includes the tokens up to the first 0. Tokens after
    the first 0 are ignored. A sequence of T tokens needs no end.

    Parameters are a context of any size, [n, ...], such as the output of a `DenseDecoder`; it is
    the initial state of the GRU and is added to the input of every step. The distribution has
    batch [n], event [T], int32. The weights of this head are always float32; the layer for the
    context is built by the first call, which fixes the context's size. `mean` is the greedy
    sequence, int32: the most probable token at each step given those before. Sampling is not
    supported.

    Args:
        length: number of tokens, T.
        vocabulary_size: number of different tokens, including the end.
        units: size of the recurrent state.
        name: name of the layer.

    Raises:
        ValueError: if `length` or `units` is below 1, or `vocabulary_size` below 2.
    """

    params_size = 1
    data_dtype = "int32"
    gives_probabilities = True

    def __init__(self, length: int, vocabulary_size: int, units: int = 64, name: str | None = None):
        require_at_least(1, length=length, units=units)
        require_at_least(2, vocabulary_size=vocabulary_size)
        super().__init__(name)
        self.length = length
        self.vocabulary_size = vocabulary_size
        self.units = units
        self.support = (0.0, vocabulary_size - 1.0)
        self.context = keras.layers.Dense(units, activation="tanh", dtype="float32")
        # On one-hot tokens: dense gradients, and no lookup out of range.
        self.embedding = keras.layers.Dense(units, use_bias=False, dtype="float32")
        self.cell = keras.layers.GRUCell(units, dtype="float32")
        self.logits = keras.layers.Dense(vocabulary_size, dtype="float32")
        self.embedding.build((None, vocabulary_size))
        self.cell.build((None, units))
        self.logits.build((None, units))

    def distribution(self, params, batch_ndims=1):
        """Returns the distribution of sequences given the context `params`."""
        size = math.prod(params.shape[batch_ndims:])
        params = tf.reshape(params, tf.concat([tf.shape(params)[:batch_ndims], [size]], axis=0))
        return _TokenSequence(self, self.context(params))

    def sequence_log_prob(self, context: tf.Tensor, tokens: tf.Tensor) -> tf.Tensor:
        """Returns log p, [n], of `tokens` int32 [n, T] given the `context` [n, units]."""
        one_hot = tf.one_hot(tokens, self.vocabulary_size)
        embedded = self.embedding(one_hot)
        state, previous, states = context, tf.zeros_like(context), []
        for step in range(self.length):
            state, _ = self.cell(previous + context, [state])
            states.append(state)
            previous = embedded[:, step]
        log_softmax = tf.nn.log_softmax(self.logits(tf.stack(states, axis=1)))
        log_probs = tf.reduce_sum(one_hot * log_softmax, axis=-1)  # [n, T]
        is_word = (tokens >= 0) & (tokens < self.vocabulary_size)
        log_probs = tf.where(is_word, log_probs, -float("inf"))
        is_padding = tf.cumsum(tf.cast(tokens == 0, tf.int32), axis=1, exclusive=True) > 0
        return tf.reduce_sum(tf.where(is_padding, 0.0, log_probs), axis=1)

    def greedy_sequence(self, context: tf.Tensor) -> tf.Tensor:
        """Returns the greedy sequence: the most probable token at each step, int32 [n, T]."""
        state, previous, tokens = context, tf.zeros_like(context), []
        unfinished = tf.ones_like(context[:, 0], tf.int32)
        for _ in range(self.length):
            state, _ = self.cell(previous + context, [state])
            token = tf.argmax(self.logits(state), axis=-1, output_type=tf.int32) * unfinished
            unfinished = tf.cast(token != 0, tf.int32)
            tokens.append(token)
            previous = self.embedding(tf.one_hot(token, self.vocabulary_size))
        return tf.stack(tokens, axis=1)

    def get_config(self):
        """Returns the constructor's arguments."""
        return {
            **super().get_config(),
            "length": self.length,
            "vocabulary_size": self.vocabulary_size,
            "units": self.units,
        }
