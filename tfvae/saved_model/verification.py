"""Proof that an export serves: every signature runs where there is no Python, and agrees."""

import pathlib

import numpy as np
import tensorflow as tf

from tfvae.saved_model.c_api import read_meta_graph, run_in_c_api
from tfvae.saved_model.lint import ExportError, lint
from tfvae.signatures.signature import Signature

BATCH_SIZES = (0, 1, 3)
# Kernels differ by batch size and by the session's own graph rewriting; relative and absolute,
# by the networks' arithmetic (bfloat16 keeps 8 bits).
_TOLERANCES = {"float32": (1e-4, 1e-4), "bfloat16": (3e-2, 3e-2)}


def example_inputs(
    inputs: dict[str, tf.TensorSpec], batch_size: int, data_shape=None, support=None
) -> dict[str, np.ndarray]:
    """Returns valid inputs of `batch_size` rows: made up, the same each time.

    Args:
        inputs: name to dtype and shape, which is known but for the batch.
        batch_size: number of rows.
        data_shape: (H, W, C) of the images that NAME_bytes holds, or a dictionary of them by name.
        support: (low, high) of data, or a dictionary of them by name; (0, 1) where None.
    """
    generator = np.random.default_rng(0)
    values: dict[str, np.ndarray] = {}
    for name, spec in inputs.items():
        shape = (batch_size, *spec.shape[1:])
        if name == "seed":
            values[name] = np.stack([np.zeros(batch_size, np.int64), np.arange(batch_size)], 1)
        elif spec.dtype == tf.string:
            key = name.removesuffix("_bytes")
            size = data_shape[key] if isinstance(data_shape, dict) else data_shape
            grey = generator.integers(0, 256, (batch_size, *size)).astype(np.uint8)
            png = [tf.io.encode_png(image).numpy() for image in grey]
            values[name] = np.array(png, dtype=object)
        elif name == "latent":
            values[name] = generator.standard_normal(shape).astype(np.float32)
        else:
            bounds = support[name] if isinstance(support, dict) else support
            low, high = bounds or (0.0, 1.0)
            numbers = np.round(generator.uniform(low, high, shape))
            values[name] = numbers.astype(spec.dtype.as_numpy_dtype)
    return values


def verify(path: str, model, named: dict[str, Signature]) -> None:
    """Lints, runs every signature at batch 0, 1 and 3 on TensorFlow's C API, compares with Python.

    Args:
        path: the SavedModel's directory.
        model: the model that was exported.
        named: its signatures.

    Raises:
        ExportError: naming the signature and what is wrong with its answer.
    """
    lint(read_meta_graph(pathlib.Path(path)))
    calls = [
        (name, example_inputs(signature.inputs, size, model.data_shape, model.support))
        for name, signature in named.items()
        for size in BATCH_SIZES
    ]
    reduced = any(layer.compute_dtype == "bfloat16" for layer in model._flatten_layers())
    tolerance = _TOLERANCES["bfloat16" if reduced else "float32"]
    for (name, inputs), answer in zip(calls, run_in_c_api(path, calls), strict=True):
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
            level = 1.0 / 255.0 if value.dtype == object else 0.0  # that PNG rounds by
            served, own = _numbers(value), _numbers(np.asarray(expected[output]))
            if not np.allclose(served, own, tolerance[0], tolerance[1] + level):
                worst = float(np.abs(served - own).max())
                raise ExportError(f"{where}: differs from the model's own answer by {worst:.2g}")


def _numbers(value: np.ndarray) -> np.ndarray:
    """Returns numbers as they are, and PNG strings [B] as images in [0, 1]."""
    if value.dtype != object:
        return value
    return np.stack([tf.io.decode_png(image).numpy() for image in value]) / 255.0


def fault_of(value: np.ndarray, rows: int) -> str | None:
    """Returns what is wrong with one output of a call of so many rows, None where nothing is."""
    if value.shape[:1] != (rows,):
        return f"shape {list(value.shape)}, first axis not the batch"
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        return "not finite; are the weights?"
    return None
