"""Converts NumPy arrays to TensorFlow's tensor messages and back.

A message has its values either as bytes, in `tensor_content`, or in the typed `*_val` field of its
dtype. `messages.proto` declares the packed floating-point fields as bytes, so that each conversion
is a single copy.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
from google.protobuf import unknown_fields

from . import messages_pb2

DT_STRING = 7
# Missing values repeat the last one, so a few bytes can declare any shape. Same limit as a message.
MAX_TENSOR_BYTES = 2**31 - 1


class TensorError(ValueError):
    """A tensor message is invalid, or an array has no tensor message."""


class _Kind(NamedTuple):
    numpy_type: str
    field: str
    packed: bool  # Whether the field has the bytes of the array.


# By DataType of tensorflow/core/framework/types.proto.
_KINDS = {
    1: _Kind("float32", "float_val", True),
    2: _Kind("float64", "double_val", True),
    3: _Kind("int32", "int_val", False),
    4: _Kind("uint8", "int_val", False),
    5: _Kind("int16", "int_val", False),
    6: _Kind("int8", "int_val", False),
    7: _Kind("object", "string_val", False),
    8: _Kind("complex64", "scomplex_val", True),
    9: _Kind("int64", "int64_val", False),
    10: _Kind("bool", "bool_val", False),
    14: _Kind("bfloat16", "half_val", False),
    17: _Kind("uint16", "int_val", False),
    18: _Kind("complex128", "dcomplex_val", True),
    19: _Kind("float16", "half_val", False),
    22: _Kind("uint32", "uint32_val", False),
    23: _Kind("uint64", "uint64_val", False),
}
_NAMES = {"float32": "float", "float64": "double", "float16": "half", "object": "string"}
_DATA_TYPES = {kind.numpy_type: data_type for data_type, kind in _KINDS.items()}


def numpy_dtype(data_type: int) -> np.dtype:
    """Returns the NumPy dtype of a TensorFlow DataType.

    Raises:
        TensorError: NumPy has no such dtype (bfloat16 needs the ml_dtypes package).
    """
    if data_type not in _KINDS:
        raise TensorError(f"data type {data_type} is not supported")
    name = _KINDS[data_type].numpy_type
    if name == "bfloat16":
        try:
            import ml_dtypes  # noqa: PLC0415
        except ImportError as error:
            raise TensorError("bfloat16 tensors need the ml_dtypes package") from error
        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)


def data_type(array: np.ndarray) -> int:
    """Returns the TensorFlow DataType of an array; object and bytes arrays are strings.

    Raises:
        TensorError: TensorFlow has no such dtype.
    """
    found = DT_STRING if array.dtype.kind in "OS" else _numeric_data_type(array.dtype)
    if found is None:
        raise TensorError(f"arrays of dtype {array.dtype} have no tensor message; cast them first")
    return found


@functools.cache  # NumPy takes microseconds to name a dtype.
def _numeric_data_type(dtype: np.dtype) -> int | None:
    return _DATA_TYPES.get(dtype.name)


def data_type_name(data_type: int) -> str:
    """Returns TensorFlow's name of a DataType, such as `float` or `int64`."""
    kind = _KINDS.get(data_type)
    if kind is None:
        return f"unknown dtype enum ({data_type})"
    return _NAMES.get(kind.numpy_type, kind.numpy_type)


def data_type_of_name(name: str) -> int:
    """Returns the DataType of a name such as `float`; 0, DT_INVALID, if the name is unknown."""
    return next((number for number in _KINDS if data_type_name(number) == name), 0)


def _native(array: np.ndarray) -> np.ndarray:
    """Returns the array in native byte order, which TensorFlow uses."""
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _empty_message(array: np.ndarray) -> messages_pb2.Tensor:
    message = messages_pb2.Tensor(dtype=data_type(array))
    for size in array.shape:
        message.tensor_shape.dim.add(size=size)
    return message


def encode_content(array: np.ndarray) -> messages_pb2.Tensor:
    """Encodes an array as `tensor_content`; strings as `string_val`."""
    message = _empty_message(array)
    if message.dtype == DT_STRING:
        message.string_val.extend(array.ravel().tolist())
    else:
        message.tensor_content = _native(array).tobytes()
    return message


def encode_values(array: np.ndarray) -> messages_pb2.Tensor:
    """Encodes an array in the typed field of its dtype, as the stock server does."""
    message = _empty_message(array)
    kind = _KINDS[message.dtype]
    if array.size == 0:
        return message
    if kind.packed:
        getattr(message, kind.field).append(_native(array).tobytes())
        return message
    if kind.field == "half_val":
        array = _native(array).view(np.uint16)
    getattr(message, kind.field).extend(array.ravel().tolist())
    return message


def decode(message: messages_pb2.Tensor) -> np.ndarray:
    """Decodes a tensor message of either encoding.

    As in TensorFlow, a typed field with too few values repeats the last one, an empty field means
    zeros, and excess values are ignored.

    Args:
        message: The tensor.

    Returns:
        The array; read-only if it shares the message's memory. Strings are `bytes` objects.

    Raises:
        TensorError: The shape, the data type or the length of the content is invalid.
    """
    dtype = numpy_dtype(message.dtype)
    shape = [dim.size for dim in message.tensor_shape.dim]
    if message.tensor_shape.unknown_rank or any(size < 0 for size in shape) or len(shape) > 32:
        raise TensorError(f"shape {shape} is not the shape of an array")
    size = math.prod(shape)
    # NumPy cannot represent the strides of an empty array of shape [0, 2**62].
    if math.prod(length or 1 for length in shape) * dtype.itemsize > MAX_TENSOR_BYTES:
        raise TensorError(f"a tensor of shape {shape} is larger than {MAX_TENSOR_BYTES} bytes")
    if message.tensor_content:
        if message.dtype == DT_STRING or len(message.tensor_content) != size * dtype.itemsize:
            raise TensorError(
                f"tensor_content has {len(message.tensor_content)} bytes, shape {shape} of "
                f"{dtype} needs {size * dtype.itemsize}"
            )
        return np.frombuffer(message.tensor_content, dtype).reshape(shape)
    values = _typed_values(message, dtype)
    if len(values) > size:
        values = values[:size]
    elif len(values) < size:
        last = values[-1:] if len(values) else _zero(dtype)
        values = np.concatenate([values, np.repeat(last, size - len(values))])
    return values.reshape(shape)


def _zero(dtype: np.dtype) -> np.ndarray:
    return np.array([b""], object) if dtype.kind == "O" else np.zeros(1, dtype)


def _typed_values(message: messages_pb2.Tensor, dtype: np.dtype) -> np.ndarray:
    kind = _KINDS[message.dtype]
    field = getattr(message, kind.field)
    if kind.packed:
        data = b"".join(field) or _unpacked(message, kind.field)
        if len(data) % dtype.itemsize:
            raise TensorError(
                f"{kind.field} has {len(data)} bytes, not a multiple of the size of {dtype}"
            )
        return np.frombuffer(data, dtype)
    if kind.field == "string_val":
        values = np.empty(len(field), object)
        values[:] = list(field)
        return values
    if kind.field == "half_val":
        return np.array(list(field), np.int32).astype(np.uint16).view(dtype)
    return np.array(list(field)).astype(dtype) if field else np.zeros(0, dtype)


def _unpacked(message: messages_pb2.Tensor, field: str) -> bytes:
    """Returns the values of a packed field sent unpacked, which Protocol Buffers allow."""
    number = message.DESCRIPTOR.fields_by_name[field].number
    width = 8 if field in ("double_val", "dcomplex_val") else 4
    return b"".join(
        item.data.to_bytes(width, "little")
        for item in unknown_fields.UnknownFieldSet(message)
        if item.field_number == number and isinstance(item.data, int)
    )
