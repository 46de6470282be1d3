"""The signatures of a model of one modality, by its level."""

import tensorflow as tf

from tfvae.evaluation.likelihood import log_likelihood_graph
from tfvae.signatures import png
from tfvae.signatures.signature import SAMPLES_PER_CHUNK, Signature, at_least_one_row, summary

_SEED = {"seed": tf.TensorSpec([None, 2], tf.int64)}


def of_generator(model) -> dict[str, Signature]:
    """Returns `decode`, `sample`, their variants for PNG images, and `serving_default` = `sample`.

    Args:
        model: a `GenerativeModel`.
    """
    named = _safe(model, _generating(model))
    return {**named, "serving_default": named["sample"]}


def of_latent_variable_model(model, log_likelihood_samples: int) -> dict[str, Signature]:
    """Returns the signatures of a model with an encoder, and `serving_default` = `encode`.

    Args:
        model: a `LatentVariableModel`.
        log_likelihood_samples: samples per example of the `log_likelihood` signature.
    """
    ((data, _),) = model.modalities_by_name().items()
    data_input = {data: tf.TensorSpec([None, *model.data_shape], tf.float32)}

    def encode(**inputs):
        return summary(model.encode(inputs[data]))

    def encode_sample(seed, **inputs):
        return {"latent": model.encode_sample(inputs[data], seed)}

    def reconstruct(**inputs):
        return {data: model.call(inputs[data])}

    def log_likelihood(seed, **inputs):
        chunk = min(SAMPLES_PER_CHUNK, log_likelihood_samples)
        estimate = log_likelihood_graph(model, inputs[data], seed, log_likelihood_samples, chunk)
        return {"log_likelihood": estimate}

    named = _safe(
        model,
        {
            "encode": Signature(data_input, encode),
            "encode_sample": Signature(data_input | _SEED, encode_sample),
            **_generating(model),
            "reconstruct": Signature(data_input, reconstruct),
            "log_likelihood": Signature(data_input | _SEED, log_likelihood),
        },
    )
    return {**named, "serving_default": named["encode"]}


def _generating(model) -> dict[str, Signature]:
    ((data, _),) = model.modalities_by_name().items()

    def decode(latent):
        return {data: model.decode(latent).mean()}

    def sample(seed):
        latent = model.sample_latent(seed)
        return {"latent": latent, **decode(latent)}

    latent_input = {"latent": tf.TensorSpec([None, *model.latent_shape], tf.float32)}
    return {"decode": Signature(latent_input, decode), "sample": Signature(_SEED, sample)}


def _safe(model, named: dict[str, Signature]) -> dict[str, Signature]:
    """Makes signatures safe for empty batches, and adds the variants for PNG images."""
    named = {name: Signature(s.inputs, at_least_one_row(s.function)) for name, s in named.items()}
    shapes = {name: part.data_shape for name, part in model.modalities_by_name().items()}
    if not all(png.is_picture(shape) for shape in shapes.values()):
        return named
    supports = {name: part.support for name, part in model.modalities_by_name().items()}
    with_png = [name for name in ("encode", "decode", "sample") if name in named]
    return named | {f"{n}_png": png.with_png(named[n], shapes, supports) for n in with_png}
