"""What a model takes and gives, read from either of the server's answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from . import messages_pb2, tensors


class TensorSpec(NamedTuple):
    """An input or output.

    Attributes:
        data_type: TensorFlow's DataType.
        shape: -1 is a dimension of any size; None a tensor of any rank.
    """

    data_type: int
    shape: tuple[int, ...] | None


class SignatureSpec(NamedTuple):
    """A signature: names to what the tensors are."""

    inputs: dict[str, TensorSpec]
    outputs: dict[str, TensorSpec]


Signatures = dict[str, SignatureSpec]


def from_messages(found: Mapping[str, messages_pb2.SignatureDef]) -> Signatures:
    """Reads gRPC's messages."""

    def specs(infos: Mapping[str, messages_pb2.TensorInfo]) -> dict[str, TensorSpec]:
        return {name: TensorSpec(info.dtype, _shape(info)) for name, info in infos.items()}

    return {
        name: SignatureSpec(specs(one.inputs), specs(one.outputs)) for name, one in found.items()
    }


def _shape(info: messages_pb2.TensorInfo) -> tuple[int, ...] | None:
    shape = info.tensor_shape
    return None if shape.unknown_rank else tuple(dim.size for dim in shape.dim)


def from_json(found: Mapping[str, Any]) -> Signatures:
    """Reads the REST API's `signature_def`.

    Raises:
        KeyError: Something is missing.
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
