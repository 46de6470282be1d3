"""PredictionService: Predict, GetModelMetadata and the methods that take tf.Example."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    inference_pb2,
    model_pb2,
    regression_pb2,
)

from serving import errors
from serving.api import model_specs
from serving.client import messages_pb2, tensors
from serving.engine import example_methods
from serving.engine.example_signatures import CLASSIFY, REGRESS
from serving.engine.graph_signature import GraphSignature
from serving.engine.model_manager import ModelManager

Arrays = Mapping[str, np.ndarray]


class Prediction(NamedTuple):
    """The outputs of a signature.

    Attributes:
        signature_name: Signature that ran.
        version: Version of the model that ran.
        outputs: Output name to array.
    """

    signature_name: str
    version: int
    outputs: Arrays


class PredictionService:
    """The methods of the service; each takes and returns a message, and raises ServingError."""

    def __init__(self, models: ModelManager):
        self._models = models

    def predict(
        self, request: messages_pb2.PredictRequest, timeout: float | None = None
    ) -> messages_pb2.PredictResponse:
        """Runs a signature; the response has its outputs in the typed `*_val` fields."""
        prediction = self.run_signature(
            model_specs.of_request(request),
            lambda signature: _decoded(request.inputs),
            request.output_filter,
            timeout,
        )
        response = messages_pb2.PredictResponse()
        name = request.model_spec.name
        model_specs.fill(response.model_spec, name, prediction.signature_name, prediction.version)
        for alias, array in prediction.outputs.items():
            response.outputs[alias].CopyFrom(tensors.encode_values(array))
        return response

    def run_signature(
        self,
        spec: Any,
        read_inputs: Callable[[GraphSignature], Arrays],
        output_filter: Sequence[str] = (),
        timeout: float | None = None,
    ) -> Prediction:
        """Runs a signature: Predict without the wire format, which gRPC and REST share.

        Args:
            spec: ModelSpec of the request.
            read_inputs: Reads the request's inputs, given the signature.
            output_filter: Names of the wanted outputs; all if empty.
            timeout: Seconds until the computation is given up.

        Raises:
            ServingError: With the stock server's code and message.
        """
        with self._models.use(spec) as (version, session):
            signature = session.signature(spec.signature_name)
            inputs = read_inputs(signature)
            outputs = session.run(signature, inputs, output_filter, timeout)
        return Prediction(signature.name, version, outputs)

    def get_model_metadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, timeout: float | None = None
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Returns every signature of a model; `signature_def` is the only supported field."""
        spec = model_specs.of_request(request)
        if not request.metadata_field:
            raise errors.invalid_argument(
                "GetModelMetadataRequest must specify at least one metadata_field"
            )
        for metadata_field in request.metadata_field:
            if metadata_field != "signature_def":
                raise errors.invalid_argument(f"Metadata field {metadata_field} is not supported")
        with self._models.use(spec) as (version, session):
            signatures = get_model_metadata_pb2.SignatureDefMap()
            for key, signature in session.signatures.items():
                signatures.signature_def[key].CopyFrom(signature)
            response = get_model_metadata_pb2.GetModelMetadataResponse()
            response.model_spec.name = spec.name
            response.model_spec.version.value = version
        response.metadata["signature_def"].Pack(signatures)
        return response

    def classify(
        self, request: classification_pb2.ClassificationRequest, timeout: float | None = None
    ) -> classification_pb2.ClassificationResponse:
        """Runs a signature that classifies tf.Examples."""
        response = classification_pb2.ClassificationResponse()
        self._run_examples(request, CLASSIFY, response, timeout)
        return response

    def regress(
        self, request: regression_pb2.RegressionRequest, timeout: float | None = None
    ) -> regression_pb2.RegressionResponse:
        """Runs a signature that computes one number for each tf.Example."""
        response = regression_pb2.RegressionResponse()
        self._run_examples(request, REGRESS, response, timeout)
        return response

    def _run_examples(self, request, method_name: str, response, timeout: float | None) -> None:
        with self._models.use(model_specs.of_request(request)) as (version, session):
            name, result = example_methods.run(session, request, method_name, timeout)
        response.result.CopyFrom(result)
        model_specs.fill(response.model_spec, request.model_spec.name, name, version)

    def multi_inference(
        self, request: inference_pb2.MultiInferenceRequest, timeout: float | None = None
    ) -> inference_pb2.MultiInferenceResponse:
        """Classifies and regresses the same tf.Examples by several signatures of one model."""
        # As in the stock server, the first task chooses the version.
        spec = request.tasks[0].model_spec if request.tasks else model_pb2.ModelSpec()
        with self._models.use(spec) as (version, session):
            results = example_methods.run_tasks(session, request, timeout)
        response = inference_pb2.MultiInferenceResponse()
        for task, (name, result) in zip(request.tasks, results, strict=True):
            answer = response.results.add()
            model_specs.fill(answer.model_spec, task.model_spec.name, name, version)
            if task.method_name == CLASSIFY:
                answer.classification_result.CopyFrom(result)
            else:
                answer.regression_result.CopyFrom(result)
        return response


def _decoded(inputs: Mapping[str, messages_pb2.Tensor]) -> dict[str, np.ndarray]:
    arrays = {}
    for alias, value in inputs.items():
        try:
            arrays[alias] = tensors.decode(value)
        except tensors.TensorError as error:
            raise errors.invalid_argument(f"tensor parsing error: {alias}") from error
    return arrays
