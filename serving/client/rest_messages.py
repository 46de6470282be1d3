"""Calls as JSON of the REST API, and their answers."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

import numpy as np

from . import tensors
from .calls import Predict
from .signature_specs import Signatures, SignatureSpec, TensorSpec, from_json

# By name, as TensorFlow has them.
_OFFERED = (
    *("float", "double", "bool", "string"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
)


def check_offered(call: Predict, signature: SignatureSpec) -> None:
    """Checks that the tensors of a call have a JSON form; half precision has none.

    Raises:
        ValueError: One has not.
    """
    types = {f"input {name}": tensors.data_type(array) for name, array in call.inputs.items()}
    types |= {f"output {name}": spec.data_type for name, spec in signature.outputs.items()}
    for name, data_type in types.items():
        kind = tensors.data_type_name(data_type)
        if kind not in _OFFERED:
            raise ValueError(
                f"{name} is of {kind}, which REST does not offer; call the server's gRPC address"
            )


def predict_body(call: Predict) -> bytes:
    """The body of a prediction, in columns."""
    document: dict[str, Any] = {
        "inputs": {name: _values(array) for name, array in call.inputs.items()}
    }
    if call.signature:
        document["signature_name"] = call.signature
    return json.dumps(document).encode()


def outputs(call: Predict, document: Any, signature: SignatureSpec) -> dict[str, np.ndarray]:
    """The arrays of an answer; a single output stands there without its name.

    Raises:
        ValueError: It is none of this signature.
    """
    columns = document["outputs"]
    if len(signature.outputs) == 1:
        columns = {next(iter(signature.outputs)): columns}
    if set(columns) != set(signature.outputs):
        raise ValueError(f"outputs are not {sorted(signature.outputs)}")
    wanted = call.output_filter or list(signature.outputs)
    return {name: _array(columns[name], signature.outputs[name]) for name in wanted}


def nothing(call: Predict, signature: SignatureSpec) -> dict[str, np.ndarray]:
    """The answer to no rows at all, whose shape JSON cannot say."""
    return {
        name: np.zeros(
            [max(size, 0) for size in spec.shape or (0,)], tensors.numpy_dtype(spec.data_type)
        )
        for name, spec in signature.outputs.items()
        if name in (call.output_filter or signature.outputs)
    }


def signatures(document: Any) -> Signatures:
    """The signatures of a metadata answer."""
    return from_json(document["metadata"]["signature_def"]["signature_def"])


def versions(document: Any) -> dict[int, tuple[str, str]]:
    """The versions of a status answer."""
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
        raise ValueError(f"an output is no base64: {error}") from error
    return array
