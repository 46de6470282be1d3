"""Writes arrays as JSON responses of the REST API, in rows or columns."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from serving import errors
from serving.client import tensors


def write(outputs: Mapping[str, np.ndarray], rows: bool) -> bytes:
    """Writes a response: `predictions` in rows, or `outputs` in columns.

    Args:
        outputs: Output name to array.
        rows: Whether to write rows.

    Returns:
        The JSON. If there is only one output, it is written without its name.

    Raises:
        ServingError: INVALID_ARGUMENT, the outputs differ in their first dimension, or a dtype has
            no JSON form.
    """
    values = {name: _values(name, outputs[name]) for name in sorted(outputs)}
    single = len(values) == 1
    if not rows:
        return _dump({"outputs": next(iter(values.values())) if single else values})
    size = None
    for name in values:
        array = outputs[name]
        if array.ndim == 0:
            raise errors.invalid_argument(f"Tensor name: {name} has no shape information ")
        if size not in (None, len(array)):
            raise errors.invalid_argument(
                f"Tensor name: {name} has inconsistent batch size: {len(array)} expecting: {size}"
            )
        size = len(array)
    if single:
        return _dump({"predictions": next(iter(values.values()))})
    names = list(values)
    rows_of_values = zip(*values.values(), strict=True)
    return _dump({"predictions": [dict(zip(names, row, strict=True)) for row in rows_of_values]})


def _dump(document: Any) -> bytes:
    return json.dumps(document).encode()


def _values(name: str, array: np.ndarray) -> Any:
    if array.dtype.kind == "O":
        as_bytes = name.endswith("_bytes")
        items = [
            {"b64": base64.b64encode(item).decode()} if as_bytes else item.decode(errors="replace")
            for item in array.ravel()
        ]
        result = np.empty(len(items), object)
        result[:] = items
        return result.reshape(array.shape).tolist()
    if array.dtype == np.float32:
        # Converts through text, so that 0.1 is not written as 0.10000000149011612.
        return array.astype("U32").astype(np.float64).tolist()
    if array.dtype.kind not in "fiub" or array.dtype == np.float16:
        kind = tensors.data_type_name(tensors.data_type(array))
        raise errors.invalid_argument(f"Failed to write JSON value for tensor type: {kind}")
    return array.tolist()
