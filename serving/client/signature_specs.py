"""The inputs and outputs of signatures, read from gRPC messages or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from . import messages_pb2, tensors


class TensorSpec(NamedTuple):
    """The dtype and shape of an input or output.

    Attributes:
        data_type: TensorFlow's DataType.
        shape: Shape, where -1 is a dimension of any size; None for any rank.
    """

    data_type: int
    shape: tuple[int, ...] | None


class SignatureSpec(NamedTuple):
    """The inputs and outputs of a signature: name to TensorSpec."""

    inputs: dict[str, TensorSpec]
    outputs: dict[str, TensorSpec]


Signatures = dict[str, SignatureSpec]


def from_messages(found: Mapping[str, messages_pb2.SignatureDef]) -> Signatures:
    """Reads the messages of gRPC."""

    def specs(infos: Mapping[str, messages_pb2.TensorInfo]) -> dict[str, TensorSpec]:
        return {name: TensorSpec(info.dtype, _shape(info)) for name, info in infos.items()}

    return {
        name: SignatureSpec(specs(one.inputs), specs(one.outputs)) for name, one in found.items()
    }


def _shape(info: messages_pb2.TensorInfo) -> tuple[int, ...] | None:
    shape = info.tensor_shape
    return None if shape.unknown_rank else tuple(dim.size for dim in shape.dim)


def from_json(found: Mapping[str, Any]) -> Signatures:
    """Reads the `signature_def` of the REST API.

    Raises:
        KeyError: A field is missing.
    """

    def specs(infos: Mapping[str, Any]) -> dict[str, TensorSpec]:
        return {
            name: TensorSpec(_data_type(info), _json_shape(info)) for name, info in infos.items()
        }

    return {
        name: SignatureSpec(specs(one["inputs"]), specs(one["outputs"]))
        for name, one in found.items()
    }


def _data_type(info: Mapping[str, Any]) -> int:
    return tensors.data_type_of_name(info["dtype"].removeprefix("DT_").lower())


def _json_shape(info: Mapping[str, Any]) -> tuple[int, ...] | None:
    shape = info["tensor_shape"]
    return None if shape["unknown_rank"] else tuple(int(dim["size"]) for dim in shape["dim"])
