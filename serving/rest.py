"""The REST API: the stock server's paths over the same models."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

import anyio
import grpc
from google.protobuf import json_format
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
)

from serving import errors, json_requests, json_responses
from serving.model_service import ModelService
from serving.models import Models
from serving.prediction_service import PredictionService
from serving.session import DEFAULT_SIGNATURE

_MODEL = r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_POST = re.compile(_MODEL + r":(?P<method>classify|regress|predict)", re.IGNORECASE)
_GET = re.compile(_MODEL + r"(?P<metadata>/metadata)?", re.IGNORECASE)
_LARGEST_VERSION = 2**63 - 1


class RestApi:
    """An ASGI application."""

    def __init__(
        self,
        models: Models,
        prediction_service: PredictionService,
        model_service: ModelService,
        timeout: float,
        threads: int,
    ):
        """Makes the application.

        Args:
            models: What is served.
            prediction_service: Answers metadata.
            model_service: Answers status.
            timeout: Seconds a request may compute.
            threads: Requests that run at once.
        """
        self._models = models
        self._prediction_service = prediction_service
        self._model_service = model_service
        self._timeout = timeout
        self._threads = threads
        self._limiter: anyio.CapacityLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        request = Request(scope, receive)
        path = scope.get("raw_path", scope["path"].encode()).decode("latin-1").partition("?")[0]
        if self._limiter is None:  # It belongs to the event loop, which runs only now.
            self._limiter = anyio.CapacityLimiter(self._threads)
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        status, content = await anyio.to_thread.run_sync(
            self._answer, request.method, path, body, limiter=self._limiter
        )
        response = Response(content, status, media_type="application/json")
        await response(scope, receive, send)

    def _answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        if not path.lower().startswith("/v1/"):
            return 404, _error("Not Found")
        try:
            return 200, self._route(method, path, body)
        except errors.ServingError as error:
            return error.http_status, _error(error.message)

    def _route(self, method: str, path: str, body: bytes) -> bytes:
        if method == "POST" and (match := _POST.fullmatch(path)):
            return self._post(match, body)
        if method == "GET" and (match := _GET.fullmatch(path)):
            return self._get(match)
        if method == "GET" and path.lower() in ("/v1/models", "/v1/models/metadata"):
            raise errors.invalid_argument("Missing model name in request.")
        raise errors.invalid_argument(f"Malformed request: {method} {path}")

    def _post(self, match: re.Match[str], body: bytes) -> bytes:
        spec = _model_spec(match)
        document = json_requests.parse(body)
        signature_name = json_requests.signature_name(document) or DEFAULT_SIGNATURE
        if match["method"].lower() != "predict":
            raise errors.ServingError(
                grpc.StatusCode.UNIMPLEMENTED,
                f"{match['method']} takes tf.Example, which no signature here does; use predict",
            )
        with self._models.use(*self._models.find_spec(spec)) as (_, session):
            if signature_name not in session.signatures:
                raise errors.invalid_argument(
                    f'Serving signature name: "{signature_name}" not found in signature def'
                )
            infos = session.signatures[signature_name].inputs
            if not infos:
                raise errors.invalid_argument(
                    f"Failed to get input map for signature: {signature_name}"
                )
            data_types = {name: info.dtype for name, info in infos.items()}
            inputs, rows = json_requests.read_inputs(document, data_types)
            outputs = session.run(signature_name, inputs, timeout=self._timeout)
        return json_responses.write(outputs, rows)

    def _get(self, match: re.Match[str]) -> bytes:
        spec = _model_spec(match)
        if match["metadata"] is None:
            status_request = get_model_status_pb2.GetModelStatusRequest(model_spec=spec)
            status = self._model_service.get_model_status(status_request)
            return json_format.MessageToJson(
                status, always_print_fields_with_no_presence=True
            ).encode()
        request = get_model_metadata_pb2.GetModelMetadataRequest(
            model_spec=spec, metadata_field=["signature_def"]
        )
        response = self._prediction_service.get_model_metadata(request)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        response.metadata["signature_def"].Unpack(signatures)
        document = {
            "model_spec": _to_dict(response.model_spec),
            "metadata": {"signature_def": _to_dict(signatures)},
        }
        return json.dumps(document, indent=1).encode()


def _model_spec(match: re.Match[str]):
    """The `model_spec` of a path."""
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = unquote(match["name"])
    if match["version"] is not None:
        if int(match["version"]) > _LARGEST_VERSION:
            raise errors.invalid_argument(
                f"Failed to convert version: {match['version']} to numeric."
            )
        request.model_spec.version.value = int(match["version"])
    if match["label"] is not None:
        request.model_spec.version_label = unquote(match["label"])
    return request.model_spec


def _to_dict(message) -> dict:
    return json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def _error(text: str) -> bytes:
    return json.dumps({"error": text}).encode()
