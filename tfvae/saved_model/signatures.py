"""The signatures of an exported model: functions of plain tensors, safe under any batching.

Every input and output has the batch as its first axis; whatever is random takes one seed row per
row; an empty batch is answered by an empty batch.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from tfvae.signatures import png

Tensors = dict[str, tf.Tensor]

SAMPLES_PER_CHUNK = 8


class Signature(NamedTuple):
    """One signature.

    Attributes:
        inputs: name to dtype and shape, [None, ...].
        function: keyword tensors to named tensors.
    """

    inputs: dict[str, tf.TensorSpec]
    function: Callable[..., Tensors]


def signatures(model, log_likelihood_samples: int = 64) -> dict[str, Signature]:
    """Returns the signatures that `model` supports, by name.

    Args:
        model: a `tfvae.VAE` or a relative.
        log_likelihood_samples: samples per example of the `log_likelihood` signature.
    """
    # Here, so that exported models are loaded where TensorFlow alone is installed.
    from tfvae.evaluation.likelihood import log_likelihood_graph  # noqa: PLC0415

    shape = model.data_shape
    data = "image" if len(shape) == 3 else "data"
    data_input = {data: tf.TensorSpec([None, *shape], tf.float32)}
    latent_input = {"latent": tf.TensorSpec([None, *model.latent_shape], tf.float32)}
    seed_input = {"seed": tf.TensorSpec([None, 2], tf.int64)}

    def encode(**inputs):
        return summary(model.encode(inputs[data]))

    def encode_sample(seed, **inputs):
        return {"latent": model.encode_sample(inputs[data], seed)}

    def decode(latent):
        return {data: model.decode(latent).mean()}

    def sample(seed):
        latent = model.sample_latent(seed)
        return {"latent": latent, **decode(latent)}

    def reconstruct(**inputs):
        return {data: model.call(inputs[data])}

    def log_likelihood(seed, **inputs):
        chunk = min(SAMPLES_PER_CHUNK, log_likelihood_samples)
        estimate = log_likelihood_graph(model, inputs[data], seed, log_likelihood_samples, chunk)
        return {"log_likelihood": estimate}

    result = {
        "encode": Signature(data_input, encode),
        "encode_sample": Signature(data_input | seed_input, encode_sample),
        "decode": Signature(latent_input, decode),
        "sample": Signature(seed_input, sample),
        "reconstruct": Signature(data_input, reconstruct),
        "log_likelihood": Signature(data_input | seed_input, log_likelihood),
    }
    result = {name: Signature(s.inputs, at_least_one_row(s.function)) for name, s in result.items()}
    if png.is_picture(shape):
        result |= {
            f"{name}_png": png.with_png(result[name], {data: shape}, {data: model.support})
            for name in ("encode", "decode", "sample")
        }
    return {**result, "serving_default": result["encode"]}


def summary(q) -> Tensors:
    """Returns what `encode` says of q(z|x): moments, or a discrete posterior's probabilities."""
    if hasattr(q, "probs_parameter"):
        return {"probabilities": q.probs_parameter()}
    return {"mean": q.mean(), "stddev": q.stddev()}


def at_least_one_row(function: Callable[..., Tensors]) -> Callable[..., Tensors]:
    """Shows `function` at least one row: chained convolutions fail on an empty batch (oneDNN)."""

    def padded(**inputs):
        num_rows = tf.shape(next(iter(inputs.values())))[0]
        missing = tf.maximum(1 - num_rows, 0)
        rows = {
            name: tf.pad(tensor, [[0, missing]] + [[0, 0]] * (tensor.shape.rank - 1))
            for name, tensor in inputs.items()
        }
        return {name: tensor[:num_rows] for name, tensor in function(**rows).items()}

    return padded
