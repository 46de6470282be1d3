"""The signatures of an exported model of several modalities; tensors have the modalities' names."""

from collections.abc import Iterable, Sequence

import tensorflow as tf

from tfvae.evaluation.likelihood import log_likelihood_graph
from tfvae.multimodal.checks import require_subsets
from tfvae.signatures import png
from tfvae.signatures.signature import (
    SAMPLES_PER_CHUNK,
    Signature,
    Tensors,
    at_least_one_row,
    summary,
)


def signatures(
    model,
    log_likelihood_samples: int = 64,
    subsets: Iterable[Sequence[str]] | None = None,
) -> dict[str, Signature]:
    """Returns the signatures of `model`, by name.

    For a subset A_B of the modalities: `encode_A_B`, `sample_given_A_B` and, for each other
    modality C, `A_B_to_C`. For all modalities: `decode`, `sample`, `reconstruct`, `log_likelihood`,
    and `serving_default`, which encodes all of them. Encoding, translation, `decode` and `sample`
    with images have a variant NAME_png that takes and returns PNG strings.

    Args:
        model: a `MultimodalVAE`.
        log_likelihood_samples: samples per example of the `log_likelihood` signature.
        subsets: lists of modality names. If None, each modality alone and the `subsets` of the
            model. All modalities together are always added.

    Raises:
        ValueError: if a subset is empty or has an unknown name.
    """
    everything = list(model.names)
    if subsets is None:
        subsets = [*([name] for name in model.names), *getattr(model, "subsets", [])]
    chosen = {
        "_".join(ordered): ordered
        for subset in [*require_subsets(subsets, model.names), everything]
        if (ordered := [name for name in model.names if name in subset])
    }
    named: dict[str, Signature] = {}
    for key, subset in chosen.items():
        named |= _of_subset(model, key, subset)
    named |= _of_model(model, everything, log_likelihood_samples)
    named = {name: Signature(s.inputs, at_least_one_row(s.function)) for name, s in named.items()}
    named |= {
        f"{name}_png": png.with_png(named[name], model.data_shape, model.support)
        for name in _with_pictures(model, chosen)
    }
    return {**named, "serving_default": named[f"encode_{'_'.join(everything)}"]}


def _inputs(model, names: Iterable[str], seeded: bool) -> dict[str, tf.TensorSpec]:
    inputs = {
        name: tf.TensorSpec([None, *model.modalities[name].data_shape], dtype)
        for name in names
        for dtype in [model.modalities[name].data_dtype]
    }
    return inputs | ({"seed": tf.TensorSpec([None, 2], tf.int64)} if seeded else {})


def _of_subset(model, key: str, subset: list[str]) -> dict[str, Signature]:
    given = _inputs(model, subset, seeded=False)

    def encode(**x) -> Tensors:
        return summary(model.encode(x))

    def sample_given(seed, **x) -> Tensors:
        latent = model.encode_sample(x, seed)
        return {"latent": latent, **model.decode(latent).mean()}

    result = {
        f"encode_{key}": Signature(given, encode),
        f"sample_given_{key}": Signature(_inputs(model, subset, seeded=True), sample_given),
    }
    for other in model.names:
        if other not in subset:

            def translate(other=other, **x) -> Tensors:
                return {other: model.translate(x, other)}

            result[f"{key}_to_{other}"] = Signature(given, translate)
    return result


def _with_pictures(model, chosen: dict[str, list[str]]) -> list[str]:
    """Returns the names of the signatures that have a variant with PNG strings."""
    pictures = {name for name, shape in model.data_shape.items() if png.is_picture(shape)}
    encoded = [f"encode_{key}" for key, subset in chosen.items() if pictures & set(subset)]
    translated = [
        f"{key}_to_{other}"
        for key, subset in chosen.items()
        for other in model.names
        if other not in subset and pictures & {*subset, other}
    ]
    return [*encoded, *translated, *(["decode", "sample"] if pictures else [])]


def _of_model(model, everything: list[str], log_likelihood_samples: int) -> dict[str, Signature]:
    def decode(latent) -> Tensors:
        return model.decode(latent).mean()

    def sample(seed) -> Tensors:
        latent = model.sample_latent(seed)
        return {"latent": latent, **decode(latent)}

    def reconstruct(**x) -> Tensors:
        return model.call(x)

    def log_likelihood(seed, **x) -> Tensors:
        chunk = min(SAMPLES_PER_CHUNK, log_likelihood_samples)
        estimate = log_likelihood_graph(model, x, seed, log_likelihood_samples, chunk)
        return {"log_likelihood": estimate}

    latent = tf.TensorSpec([None, *model.latent_shape], tf.float32)
    data = _inputs(model, everything, seeded=False)
    return {
        "decode": Signature({"latent": latent}, decode),
        "sample": Signature(_inputs(model, (), seeded=True), sample),
        "reconstruct": Signature(data, reconstruct),
        "log_likelihood": Signature(_inputs(model, everything, seeded=True), log_likelihood),
    }
