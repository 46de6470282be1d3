"""Converts calls to TensorFlow Serving's gRPC messages, and responses to answers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from . import messages_pb2, signature_specs, tensors
from .calls import STATES, Call, GetSignatures, GetStatus, Predict
from .model_spec import ModelSpec

_PREDICT = "/tensorflow.serving.PredictionService/Predict"
_METADATA = "/tensorflow.serving.PredictionService/GetModelMetadata"
_STATUS = "/tensorflow.serving.ModelService/GetModelStatus"


class Exchange(NamedTuple):
    """A gRPC method: its path and its response type."""

    path: str
    response: Any


EXCHANGES = {
    Predict: Exchange(_PREDICT, messages_pb2.PredictResponse),
    GetSignatures: Exchange(_METADATA, messages_pb2.GetModelMetadataResponse),
    GetStatus: Exchange(_STATUS, messages_pb2.GetModelStatusResponse),
}


def request(call: Call, model: ModelSpec) -> Any:
    """Returns the request message of a call."""
    if isinstance(call, Predict):
        message = messages_pb2.PredictRequest(
            model_spec=_spec(model, call.signature), output_filter=call.output_filter
        )
        for name, array in call.inputs.items():
            message.inputs[name].CopyFrom(tensors.encode_content(array))
        return message
    if isinstance(call, GetSignatures):
        return messages_pb2.GetModelMetadataRequest(
            model_spec=_spec(model), metadata_field=["signature_def"]
        )
    return messages_pb2.GetModelStatusRequest(model_spec=_spec(model))


def answer(call: Call, response: Any) -> Any:
    """Returns the answer to a call (see `calls`)."""
    if isinstance(call, Predict):
        return _outputs(response)
    if isinstance(call, GetSignatures):
        found = messages_pb2.SignatureDefMap.FromString(response.metadata["signature_def"].value)
        return signature_specs.from_messages(found.signature_def)
    return {
        one.version: (STATES.get(one.state, str(one.state)), one.status.error_message)
        for one in response.model_version_status
    }


def _outputs(response: messages_pb2.PredictResponse) -> dict[str, np.ndarray]:
    return {name: tensors.decode(value) for name, value in response.outputs.items()}


def _spec(model: ModelSpec, signature: str = "") -> messages_pb2.ModelSpec:
    spec = messages_pb2.ModelSpec(name=model.name, signature_name=signature)
    if model.version is not None:
        spec.version.value = model.version
    if model.version_label is not None:
        spec.version_label = model.version_label
    return spec
