"""Verifies an export: every signature runs without Python and agrees with the model."""

import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tfvae.saved_model.c_api import read_meta_graph, run_in_c_api
from tfvae.saved_model.lint import ExportError, lint
from tfvae.signatures.signature import Signature

BATCH_SIZES = (0, 1, 3)
# (relative, absolute), by compute dtype (bfloat16 has 8 bits of precision). Results depend on the
# batch size and on the session's graph rewriting.
_TOLERANCES = {"float32": (1e-4, 1e-4), "bfloat16": (3e-2, 3e-2)}


def example_inputs(
    inputs: dict[str, tf.TensorSpec], batch_size: int, modalities: Mapping[str, Any] | None = None
) -> dict[str, np.ndarray]:
    """Generates valid inputs with `batch_size` rows, the same each time.

    Args:
        inputs: dtypes and shapes by name, known except for the batch size.
        batch_size: number of rows.
        modalities: by name, what has the `data_shape` of the images in NAME_bytes and the
            `support` of data, from 0 to 1 if unknown; see `GenerativeModel.modalities_by_name`.
    """
    generator = np.random.default_rng(0)
    modalities = modalities or {}
    values: dict[str, np.ndarray] = {}
    for name, spec in inputs.items():
        shape = (batch_size, *spec.shape[1:])
        if name == "seed":
            values[name] = np.stack([np.zeros(batch_size, np.int64), np.arange(batch_size)], 1)
        elif spec.dtype == tf.string:
            size = modalities[name.removesuffix("_bytes")].data_shape
            grey = generator.integers(0, 256, (batch_size, *size)).astype(np.uint8)
            png = [tf.io.encode_png(image).numpy() for image in grey]
            values[name] = np.array(png, dtype=object)
        elif name == "latent":
            values[name] = generator.standard_normal(shape).astype(np.float32)
        else:
            known = modalities[name].support if name in modalities else None
            low, high = known or (0.0, 1.0)
            numbers = np.round(generator.uniform(low, high, shape))
            values[name] = numbers.astype(spec.dtype.as_numpy_dtype)
    return values


def verify(path: str, model, named: dict[str, Signature]) -> None:
    """Lints an export, runs it on TensorFlow's C API and compares the outputs with the model.

    Every signature runs with batch sizes 0, 1 and 3.

    Args:
        path: directory of the SavedModel.
        model: the exported model.
        named: its signatures.

    Raises:
        ExportError: if there is a problem (the message names the signature and the output).
    """
    lint(read_meta_graph(pathlib.Path(path)))
    calls = [
        (name, example_inputs(signature.inputs, size, model.modalities_by_name()))
        for name, signature in named.items()
        for size in BATCH_SIZES
    ]
    reduced = any(layer.compute_dtype == "bfloat16" for layer in model._flatten_layers())
    tolerance = _TOLERANCES["bfloat16" if reduced else "float32"]
    for (name, inputs), answer in zip(calls, run_in_c_api(path, calls, prune=True), strict=True):
        rows = len(next(iter(inputs.values())))
        tensors = (
            {
                key: tf.constant(value.tolist() if value.dtype == object else value)
                for key, value in inputs.items()
            }
            if rows
            else {}
        )
        expected = named[name].function(**tensors) if rows else {}
        for output, value in answer.items():
            where = f"signature {name}, output {output}, batch {rows}"
            if fault := fault_of(value, rows):
                raise ExportError(f"{where}: {fault}")
            if not rows:
                continue
            level = 1.0 / 255.0 if value.dtype == object else 0.0  # rounding error of PNG
            served, own = _numbers(value), _numbers(np.asarray(expected[output]))
            if not np.allclose(served, own, tolerance[0], tolerance[1] + level):
                worst = float(np.abs(served - own).max())
                raise ExportError(f"{where}: differs from the model's own answer by {worst:.2g}")


def _numbers(value: np.ndarray) -> np.ndarray:
    """Decodes PNG strings [B] to images in [0, 1]; returns numbers unchanged."""
    if value.dtype != object:
        return value
    return np.stack([tf.io.decode_png(image).numpy() for image in value]) / 255.0


def fault_of(value: np.ndarray, rows: int) -> str | None:
    """Returns the problem of an output of a call with `rows` rows, or None."""
    if value.shape[:1] != (rows,):
        return f"shape {list(value.shape)}, first axis not the batch"
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        return "not finite; are the weights?"
    return None
