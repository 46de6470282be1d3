"""ModelService: reports the states of a model's versions and reloads the configuration."""

from __future__ import annotations

import grpc
from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2

from serving import errors
from serving.api import model_specs
from serving.config import config_pb2, model_config
from serving.config.config_files import ConfigError
from serving.engine.model_manager import ModelManager

_UNKNOWN = 2  # tensorflow.error.Code


class ModelService:
    """The methods of the service; each takes and returns a message, and raises ServingError."""

    def __init__(self, models: ModelManager):
        self._models = models

    def get_model_status(
        self, request: get_model_status_pb2.GetModelStatusRequest, timeout: float | None = None
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """Returns the states of all versions, or of one, including unloaded and failed versions."""
        spec = model_specs.of_request(request)
        model = self._models.find(spec.name)
        number = spec.version.value if spec.HasField("version") else None
        if spec.HasField("version_label"):
            number = self._models.number(spec.name, spec.version_label)
        versions = [v for v in model.versions() if number in (None, v.number)] if model else []
        if not versions:
            what = "any versions" if number is None else f"version {number}"
            raise errors.ServingError(
                grpc.StatusCode.NOT_FOUND, f"Could not find {what} of model {spec.name}"
            )
        response = get_model_status_pb2.GetModelStatusResponse()
        for version in reversed(versions):
            status = response.model_version_status.add(version=version.number, state=version.state)
            status.status.error_code = _UNKNOWN if version.error else 0
            status.status.error_message = version.error
        return response

    def handle_reload_config_request(
        self, request: model_management_pb2.ReloadConfigRequest, timeout: float | None = None
    ) -> model_management_pb2.ReloadConfigResponse:
        """Serves the models of the request and no others; returns when they are loaded."""
        config = config_pb2.ModelServerConfig.FromString(request.config.SerializeToString())
        try:
            self._models.reload(model_config.validated(config))
        except ConfigError as error:
            raise errors.invalid_argument(str(error)) from error
        return model_management_pb2.ReloadConfigResponse(status={"error_code": 0})
