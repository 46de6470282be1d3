"""Services besides TensorFlow Serving's: grpc.health.v1 and reflection."""

from __future__ import annotations

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from tensorflow_serving.apis import model_service_pb2, prediction_service_pb2

_SERVING = health_pb2.HealthCheckResponse.SERVING
# The stock server's names; "" stands for the whole server.
_NAMES = ("", "ModelService", "PredictionService")


def add_health(server: grpc.Server) -> health.HealthServicer:
    """Adds grpc.health.v1; call `enter_graceful_shutdown` on the result before the server stops."""
    servicer = health.HealthServicer()
    for name in _NAMES:
        servicer.set(name, _SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    return servicer


def add_reflection(server: grpc.Server) -> None:
    """Adds server reflection, which tools such as grpcurl use to discover the messages."""
    services = [
        service.full_name
        for file in (prediction_service_pb2, model_service_pb2)
        for service in file.DESCRIPTOR.services_by_name.values()
    ]
    names = [*services, health.SERVICE_NAME, reflection.SERVICE_NAME]
    reflection.enable_server_reflection(names, server)
