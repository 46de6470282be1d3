"""Calls ModelService of a running server, stock or embedded."""

from __future__ import annotations

import grpc
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
)

from serving.client.security import Security
from serving.config import config_pb2

_SECONDS = 60  # A reload returns when the models are loaded.


class RunningServer:
    """A client of ModelService.

    Args:
        address: `host:port` of the server's gRPC.
        security: TLS and token.
    """

    def __init__(self, address: str, security: Security):
        credentials = security.credentials
        if credentials is None:
            self._channel = grpc.insecure_channel(address)
        else:
            self._channel = grpc.secure_channel(address, credentials)
        self._metadata = tuple(security.authorization.items())
        self._stub = model_service_pb2_grpc.ModelServiceStub(self._channel)

    def __enter__(self) -> RunningServer:
        return self

    def __exit__(self, *exception) -> None:
        self._channel.close()

    def reload(self, config: config_pb2.ModelServerConfig) -> None:
        """Replaces the configuration of the server: HandleReloadConfigRequest.

        Raises:
            grpc.RpcError: The server cannot be reached, or refuses the configuration.
        """
        request = model_management_pb2.ReloadConfigRequest()
        request.config.ParseFromString(config.SerializeToString())
        self._stub.HandleReloadConfigRequest(request, timeout=_SECONDS, metadata=self._metadata)

    def state(self, name: str, version: int) -> tuple[str, str]:
        """Returns the state of a version, empty if it is unknown, and its error message.

        Raises:
            grpc.RpcError: The server cannot be reached.
        """
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = name
        request.model_spec.version.value = version
        try:
            response = self._stub.GetModelStatus(request, timeout=_SECONDS, metadata=self._metadata)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return "", ""
            raise
        (status,) = response.model_version_status
        states = get_model_status_pb2.ModelVersionStatus.State
        return states.Name(status.state), status.status.error_message
