"""The gRPC server: registers the methods, with deadlines, errors and metrics."""

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
from serving.api.model_service import ModelService
from serving.api.prediction_service import PredictionService
from serving.client import messages_pb2
from serving.net.metrics import Metrics

Method = Callable[[Any, float | None], Any]


class GrpcMethods:
    """Wraps the methods of both services: parses requests, records metrics, maps errors."""

    def __init__(self, metrics: Metrics):
        """Creates the wrapper.

        Args:
            metrics: Counts and times the requests.
        """
        self._metrics = metrics

    def add_services(
        self,
        server: grpc.Server,
        prediction_service: PredictionService,
        model_service: ModelService,
    ) -> None:
        """Registers both services under TensorFlow Serving's names."""
        metadata_request = get_model_metadata_pb2.GetModelMetadataRequest
        prediction: dict[str, tuple[Any, Method]] = {
            "Predict": (messages_pb2.PredictRequest, prediction_service.predict),
            "GetModelMetadata": (metadata_request, prediction_service.get_model_metadata),
            "Classify": (classification_pb2.ClassificationRequest, prediction_service.classify),
            "Regress": (regression_pb2.RegressionRequest, prediction_service.regress),
            "MultiInference": (
                inference_pb2.MultiInferenceRequest,
                prediction_service.multi_inference,
            ),
        }
        handlers = {
            name: self._handler(request_type, self._recorded(name, method))
            for name, (request_type, method) in prediction.items()
        }
        states = {
            "GetModelStatus": self._handler(
                get_model_status_pb2.GetModelStatusRequest, model_service.get_model_status
            ),
            "HandleReloadConfigRequest": self._handler(
                model_management_pb2.ReloadConfigRequest, model_service.handle_reload_config_request
            ),
        }
        for name, methods in (("PredictionService", handlers), ("ModelService", states)):
            handler = grpc.method_handlers_generic_handler(f"tensorflow.serving.{name}", methods)
            server.add_generic_rpc_handlers((handler,))

    def _recorded(self, api: str, method: Method) -> Method:
        def recorded(request: Any, timeout: float | None) -> Any:
            with self._metrics.recorded(_model_name(request), api, "GRPC"):
                return method(request, timeout)

        return recorded

    def _handler(self, request_type: Any, method: Method) -> grpc.RpcMethodHandler:
        def answer(data: bytes, context: grpc.ServicerContext) -> bytes:
            try:
                # Parsed here because gRPC itself reports a malformed message as INTERNAL.
                request = request_type.FromString(data)
                return method(request, context.time_remaining()).SerializeToString()
            except message.DecodeError as error:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"malformed request: {error}")
            except errors.ServingError as error:
                context.abort(error.code, error.details)
            raise AssertionError("abort raises")

        return grpc.unary_unary_rpc_method_handler(answer)


def _model_name(request: Any) -> str:
    if isinstance(request, inference_pb2.MultiInferenceRequest):
        return request.tasks[0].model_spec.name if request.tasks else ""
    return request.model_spec.name
