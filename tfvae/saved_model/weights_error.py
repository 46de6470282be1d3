"""The error due to storing weights in fewer bits, measured on data."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tfvae import noise
from tfvae.signatures.signature import Signature

_BATCH_SIZE = 64

Examples = Any  # an array, or a dictionary of arrays


def require_examples(weights: str, examples: Examples | None) -> None:
    """Checks that there are examples if weights are stored in fewer bits.

    Raises:
        ValueError: if there are none.
    """
    if weights != "float32" and (examples is None or not _rows(examples)):
        raise ValueError(
            f"weights is {weights!r}, and the model card states its error; give examples, a few "
            "hundred of the test data, to measure it"
        )


def differences(
    model, named: Mapping[str, Signature], changed: Mapping[str, Signature], examples: Examples
) -> dict[str, dict[str, dict[str, float]]]:
    """Compares the outputs of a model's signatures with two storage types.

    Signatures with a seed or PNG images are skipped, since they are composed of the others. The
    input of `decode` is sampled from q(z|x) of the examples, or p(z) without an encoder.

    Args:
        model: the model.
        named: its signatures.
        changed: the signatures with the other storage type.
        examples: data, [n, ...], or a dictionary by modality.

    Returns:
        {signature: {output: {"max": ..., "mean": ...}}}, the absolute differences over all values,
        in the unit of the output: of the latent for a mean or stddev, of the data for an image.
    """
    compared = {
        name: signature
        for name, signature in named.items()
        if name != "serving_default" and "seed" not in signature.inputs
        if all(spec.dtype != tf.string for spec in signature.inputs.values())
    }
    found: dict[str, dict[str, list[np.ndarray]]] = {name: {} for name in compared}
    for start in range(0, _rows(examples), _BATCH_SIZE):
        x = _part(examples, slice(start, start + _BATCH_SIZE))
        latent = model.latents_for(x, noise.seed_rows(start, _rows(x)))
        for name, signature in compared.items():
            inputs = {
                key: latent if key == "latent" else x[key] if isinstance(x, Mapping) else x
                for key in signature.inputs
            }
            expected, answer = signature.function(**inputs), changed[name].function(**inputs)
            for output in expected:
                if expected[output].dtype != tf.string:
                    difference = np.abs(np.subtract(answer[output], expected[output]))
                    found[name].setdefault(output, []).append(difference)
    return {
        name: {
            output: {"max": float(values.max()), "mean": float(values.mean())}
            for output, parts in sorted(outputs.items())
            for values in [np.concatenate(parts)]
        }
        for name, outputs in found.items()
        if outputs
    }


def _part(examples: Examples, part: slice) -> Any:
    return tf.nest.map_structure(lambda values: tf.convert_to_tensor(values[part]), examples)


def _rows(examples: Examples) -> int:
    return len(tf.nest.flatten(examples)[0])
