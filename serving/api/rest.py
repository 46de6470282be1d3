"""The REST API: the stock server's paths, answered by the same services as gRPC."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

import numpy as np
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
from serving.engine.graph_signature import GraphSignature
from serving.net.metrics import Metrics

_MODEL = r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_POST = re.compile(_MODEL + r":(?P<method>classify|regress|predict)", re.IGNORECASE)
_GET = re.compile(_MODEL + r"(?P<metadata>/metadata)?", re.IGNORECASE)
_LARGEST_VERSION = 2**63 - 1


class RestApi:
    """Routes a path to a method of a service; JSON in, JSON out."""

    def __init__(
        self,
        prediction_service: PredictionService,
        model_service: ModelService,
        timeout: float,
        metrics: Metrics,
    ):
        """Creates the API.

        Args:
            prediction_service: Answers predict, classify, regress and metadata.
            model_service: Answers status.
            timeout: Longest computation of a request, in seconds.
            metrics: Counts and times the predictions.
        """
        self._prediction_service = prediction_service
        self._model_service = model_service
        self._timeout = timeout
        self._metrics = metrics

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Returns the HTTP status and the JSON document of the response."""
        if not path.lower().startswith("/v1/"):
            return 404, _error("Not Found")
        try:
            return 200, self._route(method, path, body)
        except errors.ServingError as error:
            return error.http_status, _error(error.message)

    def _route(self, method: str, path: str, body: bytes) -> bytes:
        if method == "POST" and (match := _POST.fullmatch(path)):
            name, api = unquote(match["name"]), match["method"].capitalize()
            with self._metrics.recorded(name, api, "REST"):
                return self._post(match, body)
        if method == "GET" and (match := _GET.fullmatch(path)):
            return self._get(match)
        if method == "GET" and path.lower() in ("/v1/models", "/v1/models/metadata"):
            raise errors.invalid_argument("Missing model name in request.")
        raise errors.invalid_argument(f"Malformed request: {method} {path}")

    def _post(self, match: re.Match[str], body: bytes) -> bytes:
        spec = _model_spec(match)
        method = match["method"].lower()
        document = json_requests.parse(body)
        try:
            spec.signature_name = json_requests.signature_name(document)
            if method == "predict":
                return self._predict(spec, document)
            return self._post_examples(method, spec, json_examples.read(document))
        except UnicodeEncodeError as error:  # JSON can spell half of a surrogate pair.
            raise errors.invalid_argument(f"JSON Parse error: {error}") from error

    def _predict(self, spec: model_pb2.ModelSpec, document: dict[str, Any]) -> bytes:
        def read_inputs(signature: GraphSignature) -> dict[str, np.ndarray]:
            if not signature.data_types:
                raise errors.invalid_argument(
                    f"Failed to get input map for signature: {signature.name}"
                )
            return json_requests.read_inputs(document, signature.data_types)

        try:
            prediction = self._prediction_service.run_signature(
                spec, read_inputs, timeout=self._timeout
            )
        except errors.UnknownSignature as error:  # The stock server's two APIs word it differently.
            raise errors.invalid_argument(
                f'Serving signature name: "{error.name}" not found in signature def'
            ) from error
        return json_responses.write(prediction.outputs, json_requests.is_in_rows(document))

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


def _model_spec(match: re.Match[str]) -> model_pb2.ModelSpec:
    """Returns the model and version that a path names."""
    spec = model_pb2.ModelSpec(name=unquote(match["name"]))
    if match["version"] is not None:
        if int(match["version"]) > _LARGEST_VERSION:
            raise errors.invalid_argument(
                f"Failed to convert version: {match['version']} to numeric."
            )
        spec.version.value = int(match["version"])
    if match["label"] is not None:
        spec.version_label = unquote(match["label"])
    return spec


def _to_dict(message) -> dict:
    return json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def _error(text: str) -> bytes:
    return json.dumps({"error": text}).encode()
