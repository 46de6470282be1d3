"""PredictionService: Predict, GetModelMetadata and the methods that take tf.Example."""

from __future__ import annotations

from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    inference_pb2,
    regression_pb2,
)

from serving import errors
from serving.client import messages_pb2, tensors
from serving.engine import example_methods
from serving.engine.example_signatures import CLASSIFY, REGRESS
from serving.engine.model_manager import Models
from serving.engine.session import DEFAULT_SIGNATURE


class PredictionService:
    """The methods, one message in and one out; a refusal is a ServingError."""

    def __init__(self, models: Models):
        self._models = models

    def predict(
        self, request: messages_pb2.PredictRequest, timeout: float | None = None
    ) -> messages_pb2.PredictResponse:
        """Runs a signature; outputs come in their typed `*_val` fields."""
        with self._models.use(request) as (version, session):
            signature_name = request.model_spec.signature_name or DEFAULT_SIGNATURE
            session.signature(signature_name)
            inputs = {}
            for alias, value in request.inputs.items():
                try:
                    inputs[alias] = tensors.decode(value)
                except tensors.TensorError as error:
                    raise errors.invalid_argument(f"tensor parsing error: {alias}") from error
            outputs = session.run(signature_name, inputs, request.output_filter, timeout)
            response = messages_pb2.PredictResponse()
            _fill_spec(response.model_spec, request.model_spec.name, signature_name, version)
        for alias, array in outputs.items():
            response.outputs[alias].CopyFrom(tensors.encode_values(array))
        return response

    def get_model_metadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, timeout: float | None = None
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Every signature of a model; `signature_def` is the only field there is."""
        if not request.HasField("model_spec"):
            raise errors.invalid_argument("Missing ModelSpec")
        if not request.metadata_field:
            raise errors.invalid_argument(
                "GetModelMetadataRequest must specify at least one metadata_field"
            )
        for metadata_field in request.metadata_field:
            if metadata_field != "signature_def":
                raise errors.invalid_argument(f"Metadata field {metadata_field} is not supported")
        with self._models.use(request) as (version, session):
            signatures = get_model_metadata_pb2.SignatureDefMap()
            for key, signature in session.signatures.items():
                signatures.signature_def[key].CopyFrom(signature)
            response = get_model_metadata_pb2.GetModelMetadataResponse()
            response.model_spec.name = request.model_spec.name
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
        """Runs a signature that gives each tf.Example a number."""
        response = regression_pb2.RegressionResponse()
        self._run_examples(request, REGRESS, response, timeout)
        return response

    def _run_examples(self, request, method_name: str, response, timeout: float | None) -> None:
        with self._models.use(request) as (version, session):
            name, result = example_methods.run(session, request, method_name, timeout)
        response.result.CopyFrom(result)
        _fill_spec(response.model_spec, request.model_spec.name, name, version)

    def multi_inference(
        self, request: inference_pb2.MultiInferenceRequest, timeout: float | None = None
    ) -> inference_pb2.MultiInferenceResponse:
        """Runs several such signatures of one model on the same examples."""
        # As in the stock server, the first task says which version it is.
        first = request.tasks[0] if request.tasks else inference_pb2.InferenceTask()
        spec = classification_pb2.ClassificationRequest(model_spec=first.model_spec)
        with self._models.use(spec) as (version, session):
            results = example_methods.run_tasks(session, request, timeout)
        response = inference_pb2.MultiInferenceResponse()
        for task, (name, result) in zip(request.tasks, results, strict=True):
            answer = response.results.add()
            _fill_spec(answer.model_spec, task.model_spec.name, name, version)
            if task.method_name == CLASSIFY:
                answer.classification_result.CopyFrom(result)
            else:
                answer.regression_result.CopyFrom(result)
        return response


def _fill_spec(spec, name: str, signature_name: str, version: int) -> None:
    spec.name = name
    spec.signature_name = signature_name
    spec.version.value = version
