"""The signatures of a model of one modality."""

import tensorflow as tf

from tfvae.evaluation.likelihood import log_likelihood_graph
from tfvae.signatures import png
from tfvae.signatures.signature import SAMPLES_PER_CHUNK, Signature, at_least_one_row, summary


def signatures(model, log_likelihood_samples: int = 64) -> dict[str, Signature]:
    """Returns the signatures that `model` supports, by name.

    Args:
        model: a `tfvae.VAE` or a relative.
        log_likelihood_samples: samples per example of the `log_likelihood` signature.
    """
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
