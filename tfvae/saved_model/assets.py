"""The files in an export's assets.extra: warm-up requests and the model card."""

import importlib.metadata
import json
import pathlib
import platform
from typing import Any

import numpy as np
import tensorflow as tf

from storage import warm_up_file
from tfvae.arguments import constructor_arguments
from tfvae.saved_model.verification import example_inputs
from tfvae.signatures.signature import Signature

CARD_FILE = "model_card.json"


def write_warm_up(directory: pathlib.Path, model_name: str, model, named: dict[str, Signature]):
    """Writes one request with one row per signature, which servers run when they load a model."""
    # Only this function needs the protocol buffers of TensorFlow Serving.
    from tensorflow_serving.apis import predict_pb2, prediction_log_pb2  # noqa: PLC0415

    with tf.io.TFRecordWriter(str(directory / warm_up_file.NAME)) as writer:
        for name, signature in named.items():
            request = predict_pb2.PredictRequest()
            request.model_spec.name = model_name
            request.model_spec.signature_name = name
            inputs = example_inputs(signature.inputs, 1, model.modalities_by_name())
            for key, value in inputs.items():
                request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
            log = prediction_log_pb2.PredictionLog()
            log.predict_log.request.CopyFrom(request)
            writer.write(log.SerializeToString())


def read_warm_up(version: pathlib.Path) -> list[tuple[str, dict[str, np.ndarray]]]:
    """Reads the Predict requests of a version, as pairs (signature, inputs).

    Raises:
        ValueError: if the file is damaged, or has more records than a server accepts.
    """
    requests = [log.predict_log.request for log in warm_up_file.read(version)]
    try:
        return [
            (
                request.model_spec.signature_name or "serving_default",
                {key: tf.make_ndarray(value) for key, value in request.inputs.items()},
            )
            for request in requests
            if request.inputs  # other kinds of requests have none here
        ]
    except TypeError as error:
        raise ValueError(f"a warm-up request of {version} is damaged: {error}") from error


def write_card(directory: pathlib.Path, model, named: dict[str, Signature], facts: dict[str, Any]):
    """Writes the model card: the model's config, signatures, package versions, and `facts`."""
    card = {
        "model": type(model).__name__,
        "config": json.loads(json.dumps(_config(model), default=str)),
        "step": int(model.step.numpy()),
        "parameters": int(sum(np.prod(weight.shape) for weight in model.trainable_weights)),
        "data_shape": model.data_shape,
        "input_range": model.support,
        "signatures": {
            name: {key: [spec.dtype.name, spec.shape.as_list()] for key, spec in s.inputs.items()}
            for name, s in named.items()
        },
        "versions": {
            "python": platform.python_version(),
            "tensorflow": tf.__version__,
            "keras": importlib.metadata.version("keras"),
            "tensorflow_probability": importlib.metadata.version("tensorflow-probability"),
        },
        **facts,
    }
    (directory / CARD_FILE).write_text(json.dumps(card, indent=2) + "\n")


def _config(model) -> dict[str, Any]:
    """The constructor's arguments; their classes if one has no `get_config`."""
    try:
        return model.get_config()
    except TypeError:  # raised by Keras
        classes = {name: type(getattr(model, name)) for name in constructor_arguments(type(model))}
        return {name: f"{cls.__module__}.{cls.__qualname__}" for name, cls in classes.items()}
