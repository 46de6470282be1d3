"""What a run does, made of flags' values and checked before any work."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from serving.batch import reading, tensor_specs
from serving.batch.rows import SEED, RowReader
from tfvae.data.example_images import parse_example
from tfvae.saved_model.versions import version_directory

_LOOKED_AT = 100  # records, for the features that are named


class Job(NamedTuple):
    """What a run does.

    Attributes:
        version: The SavedModel's directory.
        signature_name: Name of the signature.
        signature: Its inputs and outputs.
        files: What is encoded.
        reader: Makes rows of it.
        unique_keys: Whether no two rows can have one key.
        batch_size: Most rows run at once.
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
    """Returns the job that flags ask for.

    Args:
        saved_model: A version's folder, or a base path, whose newest version is taken.
        signature_name: Name of the signature.
        pattern: What is encoded, as `reading.find_input` takes it.
        features: INPUT=FEATURE, for inputs that records hold by another name.
        key_feature: Feature that is a record's key; FILE:NUMBER is where None.
        seed: First number of the rows' seeds.
        resize: Whether encoded images are resized to the size needed.
        batch_size: Most rows run at once.
        threads: Threads of the model's session; 0 lets TensorFlow choose.

    Raises:
        ValueError: A value does not work (named by its flag).
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
                f"{', '.join(signature.inputs)}, and not one image: give TFRecords of them"
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
    """The feature of every input but seeds that are made here."""
    given = {}
    for text in texts:
        name, equals, feature = text.partition("=")
        if not (name and equals and feature) or name not in inputs:
            raise ValueError(
                f"--features has {text!r}; it must be INPUT=FEATURE, INPUT being one of "
                f"{', '.join(inputs)}"
            )
        given[name] = feature
    return {
        name: given.get(name, name)
        for name, spec in inputs.items()
        if name in given or not (name == SEED and spec.is_seed)
    }


def _check_features(files: reading.Input, features: Sequence[str]) -> None:
    """Raises ValueError for a feature that none of the first records has."""
    found: set[str] = set()
    for record in itertools.islice(reading.records(files.files[0][0]), _LOOKED_AT):
        if isinstance(record, bytes):
            try:
                found |= set(parse_example(record, ""))
            except ValueError:
                continue  # it will be among the bad rows
    missing = [feature for feature in features if feature not in found]
    if missing and found:
        raise ValueError(
            f"the records of {files.files[0][0]} have no feature {missing[0]!r}; they have "
            f"{', '.join(sorted(found))}: give --features=INPUT=FEATURE"
        )
