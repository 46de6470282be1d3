"""The inputs and outputs of a signature as plain values, which can be sent to workers."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from storage import saved_model
from tfvae.saved_model.c_api import CApiError, read_meta_graph


class RowSpec(NamedTuple):
    """The dtype and shape of one row of an input or output.

    Attributes:
        dtype: NumPy's name of the dtype; "object" for byte strings.
        shape: Shape without the batch axis; -1 for an unknown size.
    """

    dtype: str
    shape: tuple[int, ...]

    @property
    def is_image(self) -> bool:
        """Whether a row is a float image [H, W, C]."""
        return self.dtype == "float32" and len(self.shape) == 3 and min(self.shape) > 0

    @property
    def is_bytes(self) -> bool:
        """Whether a row is one byte string."""
        return self.dtype == "object" and self.shape == ()

    @property
    def is_seed(self) -> bool:
        """Whether a row may be a seed: two integers."""
        return self.dtype == "int64" and self.shape == (2,)

    @property
    def size(self) -> int | None:
        """Number of values; None if it is unknown."""
        return None if min(self.shape, default=0) < 0 else math.prod(self.shape)


class RowSignature(NamedTuple):
    """The inputs and outputs of a signature: name to RowSpec."""

    inputs: dict[str, RowSpec]
    outputs: dict[str, RowSpec]


def read_signature(version: Path, name: str) -> RowSignature:
    """Reads a signature of a SavedModel.

    Raises:
        ValueError: The SavedModel cannot be read, has no signature of this name, or a tensor of the
            signature has no batch axis.
    """
    try:
        known = saved_model.signatures(read_meta_graph(version))
    except CApiError as error:
        raise ValueError(f"--saved_model={version} cannot be read: {error}") from error
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        guess = f"did you mean {close[0]!r}? " if close else ""
        raise ValueError(
            f"--signature={name}: {version} has no such signature; {guess}it has {', '.join(known)}"
        )
    definition = known[name]
    return RowSignature(_specs(name, definition.inputs), _specs(name, definition.outputs))


def _specs(signature: str, tensors: Mapping[str, Any]) -> dict[str, RowSpec]:
    import tensorflow as tf  # noqa: PLC0415

    specs = {}
    for name, info in sorted(tensors.items()):
        dims = [dim.size for dim in info.tensor_shape.dim]
        if info.tensor_shape.unknown_rank or not dims or dims[0] != -1:
            raise ValueError(
                f"--signature={signature}: tensor {name!r} has shape {dims}; its first axis must "
                "be a batch of any size"
            )
        dtype = np.dtype(tf.dtypes.as_dtype(info.dtype).as_numpy_dtype).name
        specs[name] = RowSpec(dtype, tuple(dims[1:]))
    return specs
