"""Warm-up: requests stored beside a SavedModel run before its version is served."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf
from google.protobuf import message
from tensorflow_serving.apis import prediction_log_pb2

from serving import errors
from serving.client import messages_pb2, tensors
from serving.engine import example_methods
from serving.engine.example_signatures import CLASSIFY, REGRESS
from serving.engine.session import SavedModelSession
from serving.errors import LoadError
from storage import warm_up_file


def warm_up(session: SavedModelSession, path: Path) -> int:
    """Runs the requests of `assets.extra/tf_serving_warmup_requests`.

    Args:
        session: The model, loaded.
        path: Directory of its version.

    Returns:
        How many requests ran; 0 when there is no such file.

    Raises:
        LoadError: A record is damaged, of an unknown kind, or fails.
    """
    count = 0
    try:
        for log in warm_up_file.read(path):
            _run(session, log)
            count += 1
    except (errors.ServingError, tf.errors.OpError, message.DecodeError, ValueError) as error:
        raise LoadError(f"warm-up request {count} of {path} failed: {error}") from error
    return count


def _run(session: SavedModelSession, log: prediction_log_pb2.PredictionLog) -> None:
    match log.WhichOneof("log_type"):
        case "predict_log":
            serialized = log.predict_log.request.SerializeToString()
            request = messages_pb2.PredictRequest.FromString(serialized)
            inputs = {name: tensors.decode(value) for name, value in request.inputs.items()}
            signature = session.signature(request.model_spec.signature_name)
            session.run(signature, inputs, request.output_filter)
        case "classify_log":
            classify = log.classify_log.request
            example_methods.run(session, classify, CLASSIFY)
        case "regress_log":
            regress = log.regress_log.request
            example_methods.run(session, regress, REGRESS)
        case "multi_inference_log":
            example_methods.run_tasks(session, log.multi_inference_log.request)
        case kind:
            raise ValueError(f"a record of type {kind} cannot be run")
