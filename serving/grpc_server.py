"""The gRPC side of the server: methods by name, deadlines and errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
from google.protobuf import message
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    regression_pb2,
)

from serving import errors
from serving.client import messages_pb2
from serving.model_service import ModelService
from serving.prediction_service import PredictionService


def add_services(
    server: grpc.Server, prediction_service: PredictionService, model_service: ModelService
) -> None:
    """Registers both services under the stock server's names."""
    prediction = {
        "Predict": _handler(messages_pb2.PredictRequest, prediction_service.predict),
        "GetModelMetadata": _handler(
            get_model_metadata_pb2.GetModelMetadataRequest, prediction_service.get_model_metadata
        ),
        "Classify": _handler(classification_pb2.ClassificationRequest, prediction_service.classify),
        "Regress": _handler(regression_pb2.RegressionRequest, prediction_service.regress),
        "MultiInference": _handler(
            inference_pb2.MultiInferenceRequest, prediction_service.multi_inference
        ),
    }
    model = {
        "GetModelStatus": _handler(
            get_model_status_pb2.GetModelStatusRequest, model_service.get_model_status
        ),
        "HandleReloadConfigRequest": _handler(
            model_management_pb2.ReloadConfigRequest, model_service.handle_reload_config_request
        ),
    }
    for name, methods in (("PredictionService", prediction), ("ModelService", model)):
        handler = grpc.method_handlers_generic_handler(f"tensorflow.serving.{name}", methods)
        server.add_generic_rpc_handlers((handler,))


def _handler(request_type: Any, method: Callable[[Any, float | None], Any]):
    def answer(data: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            # Parsed here, for gRPC answers a message that does not parse with INTERNAL.
            request = request_type.FromString(data)
            return method(request, context.time_remaining()).SerializeToString()
        except message.DecodeError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"malformed request: {error}")
        except errors.ServingError as error:
            context.abort(error.code, error.details)
        raise AssertionError("abort raises")

    return grpc.unary_unary_rpc_method_handler(answer)
