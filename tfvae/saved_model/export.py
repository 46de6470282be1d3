"""Writing a model as a SavedModel that any server can load."""

import pathlib
import shutil
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import tensorflow as tf

from tfvae.saved_model import assets
from tfvae.saved_model.signatures import Signature
from tfvae.saved_model.verification import verify
from tfvae.saved_model.versions import versions


def export(
    model,
    base_path: str | pathlib.Path,
    version: int | None = None,
    log_likelihood_samples: int = 64,
    facts: dict[str, Any] | None = None,
    subsets: Iterable[Sequence[str]] | None = None,
) -> pathlib.Path:
    """Writes `model` to base_path/version, verified, and returns that path.

    Written beside and renamed when whole and proven: every signature has then run at batch 0, 1
    and 3 on TensorFlow's C API, so a server polling `base_path` never sees a part.

    Args:
        model: a built model.
        base_path: the model's directory, whose last part is its name when it is served.
        version: a number from 0 on; the one after the newest (1 for the first) where None.
        log_likelihood_samples: samples per example of the `log_likelihood` signature, at least 1.
        facts: what else the model card says: data, metrics, ...
        subsets: of a model of several modalities, the subsets of them that can be encoded; see
            `tfvae.multimodal.signatures`.

    Raises:
        ValueError: for a `version` or sample number out of bounds, or `subsets` of modalities
            that the model has not.
        FileExistsError: where the version is there already.
        ExportError: where a signature cannot be served, naming it.
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
    path = base / str(version)
    if path.exists():
        raise FileExistsError(
            f"{path} exists; a loaded version is never overwritten: give a version above "
            f"{max(versions(base))}, or none for the next"
        )
    named = model.signatures(log_likelihood_samples, subsets)
    partial = base / f".partial-{version}-{uuid.uuid4().hex[:8]}"
    try:
        _save(model, partial, named)
        extra = partial / "assets.extra"
        extra.mkdir()
        assets.write_warm_up(extra, base.name, model, named)
        assets.write_card(extra, model, named, facts or {})
        verify(str(partial), model, named)
        partial.rename(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return path


def _save(model, path: pathlib.Path, named: dict[str, Signature]) -> None:
    # A plain module: saving the Keras model itself would write TFP types into the graph, and
    # the result would load only where TFP is installed.
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
    # What no signature reads, such as a discriminator, stays behind.
    read = {variable.ref() for function in functions.values() for variable in function.variables}
    values = [variable.value for variable in model.variables]
    module.model_variables = [value for value in values if value.ref() in read]
    tf.saved_model.save(module, str(path), signatures=functions)
