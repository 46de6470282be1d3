"""Reads JSON requests of the REST API, in rows or columns, into arrays."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

import grpc
import numpy as np

from serving import errors
from serving.client import tensors

_INTEGERS = {3: 32, 4: 32, 5: 32, 6: 32, 9: 64}  # DataType to bits of the JSON integer
_UNSIGNED = {22: 32, 23: 64}
_FLOATS: dict[int, np.finfo] = {1: np.finfo(np.float32), 2: np.finfo(np.float64)}
_BOOL = 10
_MAX_DIMENSIONS = 32  # As over gRPC; NumPy allows 64.


def parse(body: bytes) -> dict[str, Any]:
    """Parses the body of a request, a JSON object.

    Raises:
        ServingError: INVALID_ARGUMENT, with the stock server's message.
    """
    if not body:
        raise errors.invalid_argument("JSON Parse error: The document is empty")
    try:
        document = json.loads(body)
    except json.JSONDecodeError as error:
        raise errors.invalid_argument(
            f"JSON Parse error: Invalid value. at offset: {error.pos}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise errors.invalid_argument(f"JSON Parse error: {error}") from error
    if not isinstance(document, dict):
        raise errors.invalid_argument(f"JSON Value: {as_text(document)} Is not object")
    return document


def signature_name(document: Mapping[str, Any]) -> str:
    """Returns the name of the signature; empty if the request names none.

    Raises:
        ServingError: INVALID_ARGUMENT, the name is not a string.
    """
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise errors.invalid_argument(
            f"JSON Value: {as_text(document)} not formatted correctly. "
            "'signature_name' key must be a string value."
        )
    return name


def read_inputs(
    document: Mapping[str, Any], data_types: Mapping[str, int]
) -> dict[str, np.ndarray]:
    """Reads the inputs of a request.

    Args:
        document: The request, with `instances` (rows) or `inputs` (columns).
        data_types: Input name to DataType of the signature.

    Returns:
        Input name to array.

    Raises:
        ServingError: INVALID_ARGUMENT, with the stock server's message.
    """
    if "instances" in document and "inputs" in document:
        raise errors.invalid_argument(
            f"JSON Value: {as_text(document)} Not formatted correctly expecting only one of "
            "'inputs' or 'instances' keys to exist "
        )
    if is_in_rows(document):
        return _read_rows(document, data_types)
    if "inputs" in document:
        return _read_columns(document["inputs"], data_types)
    raise errors.invalid_argument("Missing 'inputs' or 'instances' key")


def is_in_rows(document: Mapping[str, Any]) -> bool:
    """Returns whether a request is in rows (`instances`); its response then is too."""
    return "instances" in document


def _read_columns(value: Any, data_types: Mapping[str, int]) -> dict[str, np.ndarray]:
    if not isinstance(value, dict) or is_base64(value):
        if len(data_types) > 1:
            raise errors.invalid_argument(
                "inputs is a plain value/list, but expecting an object as multiple input tensors "
                "required as per tensorinfo_map"
            )
        name, data_type = next(iter(data_types.items()))
        return {name: _array(value, data_type)}
    for name in sorted(data_types):
        if name not in value:
            raise errors.invalid_argument(f"Missing named input: {name} in 'inputs' object.")
    return {name: _array(value[name], data_type) for name, data_type in data_types.items()}


def _read_rows(document: Mapping[str, Any], data_types: Mapping[str, int]) -> dict[str, np.ndarray]:
    instances = document["instances"]
    if not isinstance(instances, list):
        raise errors.invalid_argument(
            f"JSON Value: {as_text(document)} Excepting 'instances' to be an list/array"
        )
    if not instances:
        raise errors.invalid_argument(
            f"JSON Value: {as_text(document)} No values in 'instances' array"
        )
    named = isinstance(instances[0], dict) and not is_base64(instances[0])
    if not named and len(data_types) > 1:
        raise errors.invalid_argument(
            "instances is a plain list, but expecting list of objects as multiple input tensors "
            "required as per tensorinfo_map"
        )
    rows: dict[str, list[np.ndarray]] = {name: [] for name in data_types}
    for index, instance in enumerate(instances):
        if named != (isinstance(instance, dict) and not is_base64(instance)):
            expected = "object but got list" if named else "value/list but got object"
            raise errors.invalid_argument(f"Expecting {expected} at item {index} of input list")
        items = instance if named else {next(iter(data_types)): instance}
        for name, value in items.items():
            _add_row(rows, data_types, index, (name, value), named)
        if set(items) != set(data_types):
            raise errors.invalid_argument(
                f"Failed to process element: {index} of 'instances' list. JSON object: "
                f"{as_text(instance)} keys must be equal to: {','.join(sorted(data_types))}"
            )
    return {name: np.stack(arrays) for name, arrays in rows.items()}


def _add_row(
    rows: dict[str, list[np.ndarray]],
    data_types: Mapping[str, int],
    index: int,
    item: tuple[str, Any],
    named: bool,
) -> None:
    name, value = item
    try:
        if name not in data_types:
            raise errors.invalid_argument(f"JSON object: does not have named input: {name}")
        array = _array(value, data_types[name])
        if rows[name] and array.shape != rows[name][0].shape:
            first = rows[name][0]
            if array.size != first.size:
                text = f"Expecting tensor size: {first.size} but got: {array.size}"
            else:
                text = f"Expecting shape {_shape(first)} but got: {_shape(array)}"
            raise errors.invalid_argument(text)
    except errors.ServingError as error:
        key = f" key: {name}" if named else ""
        raise errors.invalid_argument(
            f"Failed to process element: {index}{key} of 'instances' list. "
            f"Error: INVALID_ARGUMENT: {error.message}"
        ) from error
    rows[name].append(array)


def _shape(array: np.ndarray) -> str:
    return "[" + ",".join(str(size) for size in array.shape) + "]"


def _array(value: Any, data_type: int) -> np.ndarray:
    """Returns one tensor. The first values determine its shape; the others must agree."""
    shape: list[int] = []
    first = value
    while isinstance(first, list):
        shape.append(len(first))
        first = first[0] if first else None
    if len(shape) > _MAX_DIMENSIONS:
        raise errors.invalid_argument(
            f"JSON lists are nested {len(shape)} deep; a tensor has at most {_MAX_DIMENSIONS} "
            "dimensions"
        )
    flat: list[Any] = []
    _flatten(value, 0, shape, data_type, flat)
    if data_type == tensors.DT_STRING:
        array = np.empty(len(flat), object)
        array[:] = flat
    else:
        dtype = tensors.numpy_dtype(data_type)
        # Cast through int64: an integer beyond int8 wraps, as in the stock server.
        array = np.array(flat, np.int64 if data_type in _INTEGERS else dtype).astype(dtype)
    return array.reshape(shape)


def _flatten(value: Any, level: int, shape: list[int], data_type: int, flat: list[Any]) -> None:
    if not isinstance(value, list):
        if level != len(shape):
            raise errors.invalid_argument(
                f"JSON Value: {as_text(value)} found at incorrect level: {level + 1} in the JSON "
                f"DOM. Expected at level: {len(shape)}"
            )
        flat.append(scalar(value, data_type))
        return
    if level >= len(shape):
        raise errors.invalid_argument(
            f"Encountered list at unexpected level: {level} expected < {len(shape)}"
        )
    if len(value) != shape[level]:
        raise errors.invalid_argument(
            f"Encountered list at unexpected size: {len(value)} at level: {level} "
            f"expected size: {shape[level]}"
        )
    for item in value:
        _flatten(item, level + 1, shape, data_type, flat)


def scalar(value: Any, data_type: int) -> Any:
    """Converts a JSON value to a number, bool or string of a DataType.

    Raises:
        ServingError: INVALID_ARGUMENT, the JSON value has another type or would lose precision;
            UNIMPLEMENTED, the DataType has no JSON form.
    """
    expected = tensors.data_type_name(data_type)
    number = isinstance(value, int) and not isinstance(value, bool)
    if data_type in _FLOATS and (number or isinstance(value, float)):
        return _float(value, data_type)
    if data_type in _INTEGERS and number:
        bits = _INTEGERS[data_type]
        if -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
            return value
    elif data_type in _UNSIGNED and number:
        if 0 <= value < 2 ** _UNSIGNED[data_type]:
            return value
    elif data_type == _BOOL and isinstance(value, bool):
        return value
    elif data_type == tensors.DT_STRING and isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    elif data_type == tensors.DT_STRING and isinstance(value, dict):
        return _base64(value)
    elif data_type not in {*_FLOATS, *_INTEGERS, *_UNSIGNED, _BOOL, tensors.DT_STRING}:
        raise errors.ServingError(
            grpc.StatusCode.UNIMPLEMENTED,
            f"Conversion of JSON Value: {as_text(value)} to type: {expected}",
        )
    raise errors.invalid_argument(
        f"JSON Value: {as_text(value)} Type: {json_type(value)} is not of expected type: {expected}"
    )


def _float(value: float, data_type: int) -> float:
    limits = _FLOATS[data_type]
    lossless = (
        abs(value) < 2 ** (limits.nmant + 1)
        if isinstance(value, int)
        else not np.isfinite(value) or abs(value) <= limits.max
    )
    if not lossless:
        raise errors.invalid_argument(
            f"Cannot convert JSON value: {as_text(value)} to {tensors.data_type_name(data_type)} "
            "without loss of precision."
        )
    return value


def is_base64(value: Any) -> bool:
    """Returns whether a JSON value encodes bytes, `{"b64": TEXT}`."""
    return isinstance(value, dict) and list(value) == ["b64"] and isinstance(value["b64"], str)


def _base64(value: dict[str, Any]) -> bytes:
    if not is_base64(value):
        raise errors.invalid_argument(
            f"JSON Value: {as_text(value)} not formatted correctly for base64 data"
        )
    text = value["b64"].rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise errors.invalid_argument("Unable to base64 decode") from error


def as_text(value: Any) -> str:
    """Returns a JSON value as error messages show it."""
    return json.dumps(value)


def json_type(value: Any) -> str:
    """Returns the type of a JSON value as error messages show it."""
    names = {dict: "Object", list: "Array", str: "String", int: "Number", float: "Number"}
    if value is None or isinstance(value, bool):
        return {None: "Null", True: "True", False: "False"}[value]
    return names[type(value)]
