"""Reads the properties of an export that deployment files need."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import NamedTuple

from storage import saved_model, version_folders

_BATCH_BYTES = 8 * 2**20
_LARGEST_BATCH = 128
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,48}[A-Za-z0-9])?")


class DeployError(Exception):
    """Deployment files cannot be written; the message says why and what to do."""


class ExportedModel(NamedTuple):
    """A model to serve.

    Attributes:
        name: Name of the model in requests.
        base_path: Directory of its versions, absolute.
        versions: Numbers of the versions, ascending.
        max_batch_size: Maximum rows of a batch, a power of two; 0 if requests cannot be batched.
        size: Size of the largest version in bytes.
    """

    name: str
    base_path: Path
    versions: list[int]
    max_batch_size: int
    size: int


def read(base_path: Path, name: str = "") -> ExportedModel:
    """Reads an export. The largest tensor of a batch has at most 8 MiB and 128 rows.

    Args:
        base_path: Directory of the model's versions.
        name: Name of the model in requests; the directory's name if empty.

    Raises:
        DeployError: The directory has no versions, or the name is invalid.
        tfvae.saved_model.ExportError: A version is incomplete.
    """
    base_path = base_path.resolve()
    if (base_path / "saved_model.pb").exists():
        raise DeployError(f"--export={base_path} is a version; give its parent")
    found = version_folders.find(base_path) if base_path.is_dir() else {}
    if not found:
        raise DeployError(f"--export={base_path} has no version; export a model there")
    name = name or base_path.name
    if not _NAME.fullmatch(name):
        raise DeployError(
            f"--model_name is {name!r}; give at most 50 letters, digits, - and _, the first and "
            "last a letter or a digit"
        )
    sizes = [
        sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        for folder in found.values()
    ]
    rows = min(_max_batch_size(folder) for folder in found.values())
    return ExportedModel(name, base_path, sorted(found), rows, max(sizes))


def _max_batch_size(folder: Path) -> int:
    # Importing TensorFlow takes seconds; check the path first.
    from tfvae.saved_model import specs  # noqa: PLC0415
    from tfvae.saved_model.c_api import read_meta_graph  # noqa: PLC0415

    row_bytes = 1
    for signature in saved_model.signatures(read_meta_graph(folder)).values():
        for tensors in (signature.inputs, signature.outputs):
            found = specs.tensor_specs(tensors)
            for spec in found.values():
                if not spec.shape.rank or spec.shape[0] is not None:
                    return 0
                values = math.prod(size or 1 for size in spec.shape[1:])
                row_bytes = max(row_bytes, values * spec.dtype.size)
            if len(found) < len(tensors):
                return 0
    rows = max(1, min(_LARGEST_BATCH, _BATCH_BYTES // row_bytes))
    return 2 ** int(math.log2(rows))
