"""Exports a model as a SavedModel that any server can load."""

import pathlib
import shutil
from collections.abc import Iterable, Sequence
from typing import Any

import tensorflow as tf

from storage import atomic
from storage.version_folders import LARGEST_VERSION
from tfvae.saved_model import assets, stored_weights, weights_error
from tfvae.saved_model.verification import verify
from tfvae.saved_model.versions import versions
from tfvae.saved_model.weights_error import Examples
from tfvae.signatures.signature import Signature


def export(
    model,
    base_path: str | pathlib.Path,
    version: int | None = None,
    log_likelihood_samples: int = 64,
    facts: dict[str, Any] | None = None,
    subsets: Iterable[Sequence[str]] | None = None,
    weights: str = "float32",
    examples: Examples | None = None,
) -> pathlib.Path:
    """Writes `model` to base_path/version, verifies it, and returns that path.

    The export is written to a temporary folder, where every signature runs with batch sizes 0, 1
    and 3 on TensorFlow's C API, and then renamed, so that a server polling `base_path` never sees
    a partial or broken version.

    Args:
        model: a built model.
        base_path: the model's directory; its last part is the name of the served model.
        version: a number from 0 on; if None, the next after the newest (1 for the first).
        log_likelihood_samples: samples per example of the `log_likelihood` signature, at least 1.
        facts: further entries for the model card: data, metrics, ...
        subsets: for a multimodal model, the subsets of modalities to encode; see
            `tfvae.multimodal.signatures`.
        weights: storage type of matrices and convolution kernels: "float32"; "bfloat16", half the
            size; or "int8", a quarter of the size, with a scale per channel. They are converted to
            float32 when used, and inputs and outputs are float32.
        examples: test data, [n, ...] or a dictionary by modality, to measure the error due to
            `weights` for the model card; needed unless `weights` is "float32".

    Raises:
        ValueError: if `version` or the number of samples is out of bounds, `subsets` has unknown
            modalities, `weights` is unknown, or `examples` is missing.
        FileExistsError: if the version already exists.
        ExportError: if a signature cannot be served (it is named).
    """
    base = pathlib.Path(base_path)
    if version is None:
        version = max(versions(base), default=0) + 1
    for name, value, bound in (
        ("version", version, 0),
        ("log_likelihood_samples", log_likelihood_samples, 1),
    ):
        if value < bound:
            raise ValueError(f"{name} is {value}; it must be at least {bound}")
    if version > LARGEST_VERSION:
        raise ValueError(
            f"version is {version}; it must be at most {LARGEST_VERSION}, the largest int64"
        )
    if weights not in stored_weights.FORMS:
        raise ValueError(f"weights is {weights!r}; give one of {', '.join(stored_weights.FORMS)}")
    weights_error.require_examples(weights, examples)
    path = base / str(version)
    if path.exists():
        raise FileExistsError(
            f"{path} exists; a loaded version is never overwritten: give a version above "
            f"{max(versions(base), default=0)}, or none for the next"
        )
    named = model.signatures(log_likelihood_samples, subsets)
    stored: dict[str, Any] = {"dtype": weights}
    with atomic.replacing(path) as partial:
        read = _save(partial, named)
        if weights != "float32":
            assert examples is not None  # checked above
            whole, bytes_before = named, _size(partial)
            shutil.rmtree(partial)
            named = stored_weights.with_stored_weights(model, whole, weights, read)
            _save(partial, named)
            stored["bytes"] = _size(partial)
            stored["bytes_of_float32"] = bytes_before
            stored["error"] = weights_error.differences(model, whole, named, examples)
        extra = partial / "assets.extra"
        extra.mkdir()
        assets.write_warm_up(extra, base.name, model, named)
        assets.write_card(extra, model, named, {"weights": stored, **(facts or {})})
        verify(str(partial), model, named)
    return path


def _save(path: pathlib.Path, named: dict[str, Signature]) -> dict[str, Sequence[tf.Variable]]:
    """Writes the SavedModel; returns the variables that each signature reads."""
    # A plain module: saving the Keras model itself would write TFP types into the graph, and
    # loading it would need TFP.
    functions = {
        name: tf.function(signature.function, autograph=False).get_concrete_function(
            **{
                key: tf.TensorSpec(spec.shape, spec.dtype, name=key)
                for key, spec in signature.inputs.items()
            }
        )
        for name, signature in named.items()
    }
    module = tf.Module()
    # Variables that no signature reads, such as a discriminator's, are not exported.
    read = {name: function.variables for name, function in functions.items()}
    module.model_variables = list({v.ref(): v for some in read.values() for v in some}.values())
    tf.saved_model.save(module, str(path), signatures=functions)
    return read


def _size(path: pathlib.Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
