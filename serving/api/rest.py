"""The REST API: the stock server's paths over the same models."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

from google.protobuf import json_format
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    input_pb2,
    model_pb2,
    regression_pb2,
)

from serving import errors
from serving.api import json_examples, json_requests, json_responses
from serving.api.model_service import ModelService
from serving.api.prediction_service import PredictionService
from serving.engine.model_manager import Models
from serving.engine.session import DEFAULT_SIGNATURE
from serving.net.metrics import Metrics

_MODEL = r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_POST = re.compile(_MODEL + r":(?P<method>classify|regress|predict)", re.IGNORECASE)
_GET = re.compile(_MODEL + r"(?P<metadata>/metadata)?", re.IGNORECASE)
_LARGEST_VERSION = 2**63 - 1


class RestApi:
    """Answers a request's body."""

    def __init__(
        self,
        models: Models,
        prediction_service: PredictionService,
        model_service: ModelService,
        timeout: float,
        metrics: Metrics,
    ):
        """Makes the API.

        Args:
            models: What is served.
            prediction_service: Answers metadata, and what takes tf.Example.
            model_service: Answers status.
            timeout: Seconds a request may compute.
            metrics: Where predictions are recorded.
        """
        self._models = models
        self._prediction_service = prediction_service
        self._model_service = model_service
        self._timeout = timeout
        self._metrics = metrics

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """The status and the JSON document that answer a request."""
        if not path.lower().startswith("/v1/"):
            return 404, _error("Not Found")
        try:
            return 200, self._route(method, path, body)
        except errors.ServingError as error:
            return error.http_status, _error(error.message)

    def _route(self, method: str, path: str, body: bytes) -> bytes:
        if method == "POST" and (match := _POST.fullmatch(path)):
            name = self._models.served_name(unquote(match["name"]))
            with self._metrics.recorded(name, match["method"].capitalize(), "REST"):
                return self._post(match, body)
        if method == "GET" and (match := _GET.fullmatch(path)):
            return self._get(match)
        if method == "GET" and path.lower() in ("/v1/models", "/v1/models/metadata"):
            raise errors.invalid_argument("Missing model name in request.")
        raise errors.invalid_argument(f"Malformed request: {method} {path}")

    def _post(self, match: re.Match[str], body: bytes) -> bytes:
        request = _request(match)
        document = json_requests.parse(body)
        signature_name = json_requests.signature_name(document) or DEFAULT_SIGNATURE
        if match["method"].lower() != "predict":
            try:
                request.model_spec.signature_name = signature_name
                examples = json_examples.read(document)
            except UnicodeEncodeError as error:  # half of a surrogate pair, which JSON can spell
                raise errors.invalid_argument(f"JSON Parse error: {error}") from error
            return self._post_examples(match["method"].lower(), request.model_spec, examples)
        with self._models.use(request) as (_, session):
            if signature_name not in session.signatures:
                raise errors.invalid_argument(
                    f'Serving signature name: "{signature_name}" not found in signature def'
                )
            data_types = session.signature(signature_name).data_types
            if not data_types:
                raise errors.invalid_argument(
                    f"Failed to get input map for signature: {signature_name}"
                )
            inputs, rows = json_requests.read_inputs(document, data_types)
            outputs = session.run(signature_name, inputs, timeout=self._timeout)
        return json_responses.write(outputs, rows)

    def _post_examples(
        self, method: str, spec: model_pb2.ModelSpec, examples: input_pb2.Input
    ) -> bytes:
        if method == "classify":
            classification = classification_pb2.ClassificationRequest(
                model_spec=spec, input=examples
            )
            classified = self._prediction_service.classify(classification, self._timeout)
            return json_examples.write_classification(classified.result)
        regression = regression_pb2.RegressionRequest(model_spec=spec, input=examples)
        answer = self._prediction_service.regress(regression, self._timeout)
        return json_examples.write_regression(answer.result)

    def _get(self, match: re.Match[str]) -> bytes:
        status_request = _request(match)
        if match["metadata"] is None:
            status = self._model_service.get_model_status(status_request)
            return json_format.MessageToJson(
                status, always_print_fields_with_no_presence=True
            ).encode()
        request = get_model_metadata_pb2.GetModelMetadataRequest(
            model_spec=status_request.model_spec, metadata_field=["signature_def"]
        )
        response = self._prediction_service.get_model_metadata(request)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        response.metadata["signature_def"].Unpack(signatures)
        document = {
            "model_spec": _to_dict(response.model_spec),
            "metadata": {"signature_def": _to_dict(signatures)},
        }
        return json.dumps(document, indent=1).encode()


def _request(match: re.Match[str]) -> get_model_status_pb2.GetModelStatusRequest:
    """A request with the `model_spec` of a path."""
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
    return request


def _to_dict(message) -> dict:
    return json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def _error(text: str) -> bytes:
    return json.dumps({"error": text}).encode()
