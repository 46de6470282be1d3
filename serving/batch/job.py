"""The settings of a run, made from the flags and checked before the run starts."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from serving.batch import reading, tensor_specs
from serving.batch.rows import SEED, RowReader
from tfvae.data.example_images import parse_example
from tfvae.saved_model.versions import version_directory

_CHECKED_RECORDS = 100  # Records that must have the named features.


class Job(NamedTuple):
    """The settings of a run.

    Attributes:
        version: Directory of the SavedModel.
        signature_name: Name of the signature.
        signature: Inputs and outputs of the signature.
        files: Files to encode.
        reader: Converts chunks of the files to rows.
        unique_keys: Whether keys are known to be unique.
        batch_size: Maximum rows of a batch.
        threads: Threads of the model's session in each worker; 0 lets TensorFlow choose.
    """

    version: str
    signature_name: str
    signature: tensor_specs.RowSignature
    files: reading.Input
    reader: RowReader
    unique_keys: bool
    batch_size: int
    threads: int


def make_job(
    saved_model: str,
    signature_name: str,
    pattern: str,
    features: Sequence[str] = (),
    key_feature: str | None = None,
    seed: int = 0,
    resize: bool = False,
    batch_size: int = 128,
    threads: int = 0,
) -> Job:
    """Checks the values of the flags and returns the job.

    Args:
        saved_model: A version's folder, or a base path, of which the newest version runs.
        signature_name: Name of the signature.
        pattern: Files to encode, see `reading.find_input`.
        features: INPUT=FEATURE, for inputs with another name than their feature.
        key_feature: Feature with the key of a record; if None, the key is FILE:NUMBER.
        seed: First number of each row's seed.
        resize: Whether to resize encoded images to the size of the input.
        batch_size: Maximum rows of a batch.
        threads: Threads of the model's session; 0 lets TensorFlow choose.

    Raises:
        ValueError: A value is invalid; the message names its flag.
        FileNotFoundError: There is no exported model.
    """
    version = version_directory(saved_model).resolve()
    signature = tensor_specs.read_signature(version, signature_name)
    files = reading.find_input(pattern)
    named = _features(signature.inputs, features)
    if files.kind == reading.IMAGES:
        takes = [signature.inputs[name] for name in named]
        if len(takes) != 1 or not (takes[0].is_image or takes[0].is_bytes):
            raise ValueError(
                f"--input={pattern} is a folder of images; signature {signature_name!r} takes "
                f"{', '.join(signature.inputs)}, not a single image; give TFRecords"
            )
        if key_feature:
            raise ValueError("--key_feature is for TFRecords; the keys of images are their paths")
    else:
        _check_features(files, [*named.values(), *filter(None, [key_feature])])
    reader = RowReader(signature.inputs, files.kind, named, seed, key_feature, resize)
    return Job(
        str(version),
        signature_name,
        signature,
        files,
        reader,
        key_feature is None,
        batch_size,
        threads,
    )


def _features(inputs: Mapping[str, tensor_specs.RowSpec], texts: Sequence[str]) -> dict[str, str]:
    """Returns input name to feature, except for seeds, which `RowReader` makes."""
    given = {}
    for text in texts:
        name, equals, feature = text.partition("=")
        if not (name and equals and feature) or name not in inputs:
            raise ValueError(
                f"--features has {text!r}; it must be INPUT=FEATURE, where INPUT is one of "
                f"{', '.join(inputs)}"
            )
        given[name] = feature
    return {
        name: given.get(name, name)
        for name, spec in inputs.items()
        if name in given or not (name == SEED and spec.is_seed)
    }


def _check_features(files: reading.Input, features: Sequence[str]) -> None:
    """Raises ValueError if none of the first records has one of the features."""
    found: set[str] = set()
    for record in itertools.islice(reading.records(files.files[0][0]), _CHECKED_RECORDS):
        if isinstance(record, bytes):
            try:
                found |= set(parse_example(record, ""))
            except ValueError:
                continue  # It becomes a bad row.
    missing = [feature for feature in features if feature not in found]
    if missing and found:
        raise ValueError(
            f"the records of {files.files[0][0]} have no feature {missing[0]!r}; they have "
            f"{', '.join(sorted(found))}; give --features=INPUT=FEATURE"
        )
