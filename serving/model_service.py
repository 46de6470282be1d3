"""ModelService: the states of a model's versions."""

from __future__ import annotations

import grpc
from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2

from serving import errors
from serving.models import Models

_UNKNOWN = 2  # tensorflow.error.Code


class ModelService:
    """The methods, one message in and one out; a refusal is a ServingError."""

    def __init__(self, models: Models):
        self._models = models

    def get_model_status(
        self, request: get_model_status_pb2.GetModelStatusRequest, timeout: float | None = None
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """Versions of a model or the one asked for, unloaded and failed ones included."""
        if not request.HasField("model_spec"):
            raise errors.invalid_argument("Missing ModelSpec")
        spec = request.model_spec
        if spec.HasField("version_label"):
            self._models.find_spec(spec)
        model = self._models.by_name.get(spec.name)
        versions = model.versions() if model else []
        what = "any versions"
        if spec.HasField("version"):
            what = f"version {spec.version.value}"
            versions = [version for version in versions if version.number == spec.version.value]
        if not versions:
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
        """Not yet: the model is the one named when the server started."""
        raise errors.ServingError(
            grpc.StatusCode.UNIMPLEMENTED,
            "the embedded server serves the model it was started with; restart it with another "
            "--model_name and --model_base_path",
        )
