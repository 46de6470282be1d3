"""Reads tf.Examples from JSON requests, and writes classifications and regressions as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from tensorflow.core.example import example_pb2
from tensorflow_serving.apis import classification_pb2, input_pb2, regression_pb2

from serving import errors
from serving.api.json_requests import as_text, is_base64, json_type, scalar
from serving.client import tensors

_DT_FLOAT = 1
_KINDS = {"bytes_list": "bytes", "float_list": "float", "int64_list": "int64"}


def read(document: Mapping[str, Any]) -> input_pb2.Input:
    """Reads `examples`, and their shared `context` if there is one.

    Raises:
        ServingError: INVALID_ARGUMENT, with the stock server's message.
    """
    result = input_pb2.Input()
    with_context = "context" in document
    if with_context:
        result.example_list_with_context.context.CopyFrom(_example(document["context"]))
    if "examples" not in document:
        problem = "When method is classify, key 'examples' is expected and was not found"
    elif not isinstance(document["examples"], list):
        problem = "Expecting 'examples' value to be an list/array"
    elif not document["examples"]:
        problem = "'examples' value is an empty array"
    else:
        examples = result.example_list_with_context if with_context else result.example_list
        examples.examples.extend(map(_example, document["examples"]))
        return result
    raise errors.invalid_argument(f"JSON Value: {as_text(document)} {problem}")


def write_classification(result: classification_pb2.ClassificationResult) -> bytes:
    """Writes a list of (label, score) pairs for each example."""
    rows = [
        [[one.label, _short(one.score)] for one in classifications.classes]
        for classifications in result.classifications
    ]
    return json.dumps({"results": rows}).encode()


def write_regression(result: regression_pb2.RegressionResult) -> bytes:
    """Writes one number for each example."""
    return json.dumps({"results": [_short(one.value) for one in result.regressions]}).encode()


def _short(value: float) -> float:
    """Returns the shortest decimal that is equal in float32: 0.1, not 0.10000000149011612."""
    return float(str(np.float32(value)))


def _example(value: Any) -> example_pb2.Example:
    if not isinstance(value, dict):
        raise errors.invalid_argument(
            f"Example must be JSON object but got JSON {json_type(value)}"
        )
    example = example_pb2.Example()
    for name, content in value.items():
        feature = example.features.feature[name]
        for item in content if isinstance(content, list) else [content]:
            kind, number = _item(name, item)
            expected = feature.WhichOneof("kind")
            if expected not in (None, kind):
                raise errors.invalid_argument(
                    f"Unexpected element type in feature: {name} expecting type: {_KINDS[expected]}"
                )
            getattr(feature, kind).value.append(number)
    return example


def _item(name: str, value: Any) -> tuple[str, Any]:
    """Returns the list of a feature that takes the value, and the converted value."""
    if isinstance(value, bool):
        return "int64_list", int(value)
    if isinstance(value, str) or is_base64(value):
        return "bytes_list", scalar(value, tensors.DT_STRING)
    if value is None or isinstance(value, dict | list):
        raise errors.invalid_argument(
            f"Feature: {name} has element with unexpected JSON type: {json_type(value)}"
        )
    if isinstance(value, int) and 2**63 <= value < 2**64:
        raise errors.invalid_argument(
            f"Feature: {name} has uint64 element. Only int64 is supported."
        )
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return "int64_list", value
    return "float_list", scalar(value, _DT_FLOAT)  # Integers beyond 64 bits become floats.
