"""What deployment files need to know of an export."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import NamedTuple

from serving.engine import version_folders

_BATCH_BYTES = 8 * 2**20
_LARGEST_BATCH = 128
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,48}[A-Za-z0-9])?")


class DeployError(Exception):
    """Deployment files cannot be made as asked; says why and what to do."""


class ExportedModel(NamedTuple):
    """A model that is to be served.

    Attributes:
        name: what requests call it.
        base_path: directory of its versions, absolute.
        versions: their numbers, ascending.
        max_batch_size: most rows of a batch, a power of two; 0 where rows cannot be batched.
        size: bytes of its largest version.
    """

    name: str
    base_path: Path
    versions: list[int]
    max_batch_size: int
    size: int


def read(base_path: Path, name: str = "") -> ExportedModel:
    """Reads an export; batches are as large as fit 8 MiB by their largest tensor, at most 128.

    Args:
        base_path: directory of its versions.
        name: what requests call it; the directory's name where empty.

    Raises:
        DeployError: it is no such directory, or the name cannot be one.
        tfvae.saved_model.ExportError: a version is not whole.
    """
    base_path = base_path.resolve()
    if (base_path / "saved_model.pb").exists():
        raise DeployError(f"--export={base_path} is itself a version; give its parent")
    found = version_folders.find(base_path) if base_path.is_dir() else {}
    if not found:
        raise DeployError(f"--export={base_path} holds no version; export a model there")
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
    # They import TensorFlow, which takes seconds; the path has been checked before.
    from tfvae.saved_model import specs  # noqa: PLC0415
    from tfvae.saved_model.c_api import read_meta_graph  # noqa: PLC0415

    row_bytes = 1
    for signature in specs.signatures(read_meta_graph(folder)).values():
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
