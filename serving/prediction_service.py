"""PredictionService: Predict, GetModelMetadata, and the answers to the tf.Example methods."""

from __future__ import annotations

import grpc
from tensorflow_serving.apis import get_model_metadata_pb2, inference_pb2

from serving import errors
from serving.client import messages_pb2, tensors
from serving.models import Models
from serving.session import DEFAULT_SIGNATURE

_CLASSIFY = "tensorflow/serving/classify"
_REGRESS = "tensorflow/serving/regress"


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
            response.model_spec.name = request.model_spec.name
            response.model_spec.signature_name = signature_name
            response.model_spec.version.value = version
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

    def classify(self, request, timeout: float | None = None):
        """Refused: it takes tf.Example, which no signature of a VAE does."""
        self._refuse(request, _CLASSIFY, "classification")

    def regress(self, request, timeout: float | None = None):
        """Refused, as `classify`."""
        self._refuse(request, _REGRESS, "regression")

    def multi_inference(
        self, request: inference_pb2.MultiInferenceRequest, timeout: float | None = None
    ):
        """Refused, as `classify`."""
        if not request.tasks:
            raise errors.invalid_argument("ModelSpec has no name specified.")
        kinds = {_CLASSIFY: "classification", _REGRESS: "regression"}
        for task in request.tasks:
            if not task.model_spec.name:
                raise errors.invalid_argument("Found ModelSpec with an empty model name.")
            if task.method_name not in kinds:
                raise errors.ServingError(
                    grpc.StatusCode.UNIMPLEMENTED,
                    f"Unsupported signature method_name: {task.method_name}",
                )
            self._refuse(task, task.method_name, kinds[task.method_name])

    def _refuse(self, request, method_name: str, kind: str):
        with self._models.use(request) as (_, session):
            signature_name = request.model_spec.signature_name or DEFAULT_SIGNATURE
            if signature_name not in session.signatures:
                raise errors.invalid_argument(
                    f"No signature was found with the name: {signature_name}"
                )
            actual = session.signatures[signature_name].method_name
        if actual != method_name:
            raise errors.invalid_argument(
                f"Expected {kind} signature method_name to be {method_name}. Was: {actual}"
            )
        raise errors.ServingError(
            grpc.StatusCode.UNIMPLEMENTED,
            f"the embedded server runs no {kind} of tf.Example; use Predict, or --engine=stock",
        )
