"""A signature: a function of plain tensors that is safe under any batching.

The first axis of every input and output is the batch, random signatures take one seed row per
example, and an empty batch returns an empty batch.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

Tensors = dict[str, tf.Tensor]

# Samples of the `log_likelihood` signature that are computed at once.
SAMPLES_PER_CHUNK = 8


class Signature(NamedTuple):
    """One signature.

    Attributes:
        inputs: name to dtype and shape, [None, ...].
        function: keyword tensors to named tensors.
    """

    inputs: dict[str, tf.TensorSpec]
    function: Callable[..., Tensors]


def summary(q) -> Tensors:
    """Returns the moments of q(z|x), or the probabilities of a discrete posterior."""
    if hasattr(q, "probs_parameter"):
        return {"probabilities": q.probs_parameter()}
    return {"mean": q.mean(), "stddev": q.stddev()}


def at_least_one_row(function: Callable[..., Tensors]) -> Callable[..., Tensors]:
    """Pads an empty batch to one row: chained convolutions fail on an empty batch (oneDNN)."""

    def padded(**inputs):
        num_rows = tf.shape(next(iter(inputs.values())))[0]
        missing = tf.maximum(1 - num_rows, 0)
        rows = {
            name: tf.pad(tensor, [[0, missing]] + [[0, 0]] * (tensor.shape.rank - 1))
            for name, tensor in inputs.items()
        }
        return {name: tensor[:num_rows] for name, tensor in function(**rows).items()}

    return padded
