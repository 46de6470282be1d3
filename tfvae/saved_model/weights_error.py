"""What storing weights in fewer bits costs: differences of the answers on real data."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tfvae import noise
from tfvae.signatures.signature import Signature

_BATCH_SIZE = 64

Examples = Any  # an array, or a dictionary of them


def require_examples(weights: str, examples: Examples | None) -> None:
    """Checks that there is data to measure on where weights are stored in fewer bits.

    Raises:
        ValueError: where there is none.
    """
    if weights != "float32" and (examples is None or not _rows(examples)):
        raise ValueError(
            f"weights is {weights!r}, whose error the model card states; give examples, some "
            "hundreds of the test data, to measure it on"
        )


def differences(
    model, named: Mapping[str, Signature], changed: Mapping[str, Signature], examples: Examples
) -> dict[str, dict[str, dict[str, float]]]:
    """Compares the answers of two forms of a model's signatures.

    Those that draw by a seed or deal in PNG are made of the others, and left out. `decode` is
    shown latents drawn for the examples.

    Args:
        model: the model.
        named: its signatures.
        changed: the same in the other form.
        examples: data of the model, [n, ...], or by name of several modalities.

    Returns:
        Signature to output to the "max" and "mean" of the absolute differences of all numbers, in
        the output's unit: for a mean or stddev that of the latent, for an image its values'.
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
        latent = model.encode_sample(x, noise.seed_rows(start, _rows(x)))
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
