"""Converts calls to JSON of the REST API, and responses to answers."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

import numpy as np

from . import tensors
from .calls import Predict
from .signature_specs import Signatures, SignatureSpec, TensorSpec, from_json

# TensorFlow's names of the dtypes that REST supports.
_SUPPORTED = (
    *("float", "double", "bool", "string"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
)


def check_supported(call: Predict, signature: SignatureSpec) -> None:
    """Checks that the tensors of a call have a JSON form; half precision has none.

    Raises:
        ValueError: A tensor has no JSON form.
    """
    types = {f"input {name}": tensors.data_type(array) for name, array in call.inputs.items()}
    types |= {f"output {name}": spec.data_type for name, spec in signature.outputs.items()}
    for name, data_type in types.items():
        kind = tensors.data_type_name(data_type)
        if kind not in _SUPPORTED:
            raise ValueError(
                f"{name} has dtype {kind}, which REST does not support; use the gRPC address"
            )


def predict_body(call: Predict) -> bytes:
    """Returns the body of a predict request, in columns."""
    document: dict[str, Any] = {
        "inputs": {name: _values(array) for name, array in call.inputs.items()}
    }
    if call.signature:
        document["signature_name"] = call.signature
    return json.dumps(document).encode()


def outputs(call: Predict, document: Any, signature: SignatureSpec) -> dict[str, np.ndarray]:
    """Returns the arrays of a predict response.

    Raises:
        ValueError: The outputs are not those of the signature.
    """
    columns = document["outputs"]
    if len(signature.outputs) == 1:
        columns = {next(iter(signature.outputs)): columns}
    if set(columns) != set(signature.outputs):
        raise ValueError(f"the outputs are not {sorted(signature.outputs)}")
    wanted = call.output_filter or list(signature.outputs)
    return {name: _array(columns[name], signature.outputs[name]) for name in wanted}


def empty_outputs(call: Predict, signature: SignatureSpec) -> dict[str, np.ndarray]:
    """Returns the answer to an empty batch; JSON cannot express its shape."""
    return {
        name: np.zeros(
            [max(size, 0) for size in spec.shape or (0,)], tensors.numpy_dtype(spec.data_type)
        )
        for name, spec in signature.outputs.items()
        if name in (call.output_filter or signature.outputs)
    }


def signatures(document: Any) -> Signatures:
    """Returns the signatures of a metadata response."""
    return from_json(document["metadata"]["signature_def"]["signature_def"])


def versions(document: Any) -> dict[int, tuple[str, str]]:
    """Returns the versions of a status response."""
    return {
        int(one["version"]): (one["state"], one["status"]["error_message"])
        for one in document["model_version_status"]
    }


def _values(array: np.ndarray) -> Any:
    if array.dtype.kind in "OS":
        items = [{"b64": base64.b64encode(item).decode()} for item in array.flat]
        boxes = np.empty(len(items), object)
        boxes[:] = items
        return boxes.reshape(array.shape).tolist()
    return array.tolist()


def _array(value: Any, spec: TensorSpec) -> np.ndarray:
    dtype = tensors.numpy_dtype(spec.data_type)
    return _strings(value) if dtype.kind == "O" else np.asarray(value, dtype)


def _strings(value: Any) -> np.ndarray:
    if isinstance(value, list):
        parts = [_strings(item) for item in value]
        return np.stack(parts) if parts else np.empty(0, object)
    array = np.empty((), object)
    try:
        array[()] = base64.b64decode(value["b64"]) if isinstance(value, dict) else value.encode()
    except binascii.Error as error:
        raise ValueError(f"an output is not valid base64: {error}") from error
    return array
