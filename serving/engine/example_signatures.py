"""Signatures that take tf.Example: the tensors to feed and fetch, and the results as messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import classification_pb2, input_pb2, regression_pb2

from serving import errors
from serving.client import tensors

CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"
KINDS = {CLASSIFY: "classification", REGRESS: "regression"}

_DT_FLOAT = 1
_INPUTS, _CLASSES, _SCORES, _OUTPUTS = "inputs", "classes", "scores", "outputs"
Tensors = Mapping[str, np.ndarray]


class Plan(NamedTuple):
    """The tensors of a computation.

    Attributes:
        feed: Name of the tensor that takes the examples.
        fetches: Names of the output tensors.
    """

    feed: str
    fetches: tuple[str, ...]


def serialized(examples: input_pb2.Input) -> np.ndarray:
    """Returns the serialized examples of a request, [n]; each includes the shared context.

    Raises:
        ServingError: INVALID_ARGUMENT, there are no examples.
    """
    kind = examples.WhichOneof("kind")
    found = getattr(examples, kind).examples if kind else ()
    if not found:
        raise errors.invalid_argument("Input is empty.")
    context = b""
    if kind == "example_list_with_context":
        # Concatenated serialized messages parse as one merged message.
        context = examples.example_list_with_context.context.SerializeToString()
    array = np.empty(len(found), object)
    array[:] = [context + example.SerializeToString() for example in found]
    return array


def plan(definition: meta_graph_pb2.SignatureDef, method_name: str) -> Plan:
    """Checks that a signature supports a method, and returns its tensors.

    Args:
        definition: The signature.
        method_name: `CLASSIFY` or `REGRESS`.

    Raises:
        ServingError: INVALID_ARGUMENT or FAILED_PRECONDITION, the signature does not support it.
    """
    kind = KINDS[method_name]
    if definition.method_name != method_name:
        raise errors.invalid_argument(
            f"Expected {kind} signature method_name to be {method_name}. "
            f"Was: {definition.method_name}"
        )
    if len(definition.inputs) != 1:
        raise errors.invalid_argument("Expected one input Tensor.")
    count = len(definition.outputs)
    if method_name == REGRESS and count != 1:
        raise errors.invalid_argument("Expected one output Tensor.")
    if method_name == CLASSIFY and count not in (1, 2):
        raise errors.invalid_argument(f"Expected one or two output Tensors, found {count}")
    if _INPUTS not in definition.inputs:
        raise errors.failed_precondition(f"No {kind} inputs found in SignatureDef: {definition}")
    if method_name == REGRESS and _OUTPUTS not in definition.outputs:
        raise errors.failed_precondition(
            f"No regression outputs found in SignatureDef: {definition}"
        )
    names = [_OUTPUTS] if method_name == REGRESS else [_CLASSES, _SCORES]
    found = tuple(definition.outputs[name].name for name in names if name in definition.outputs)
    if not found:
        raise errors.failed_precondition(
            "Expected classification signature outputs to contain at least one of "
            f'"{_CLASSES}" or "{_SCORES}". Signature was: {definition}'
        )
    data_type = definition.inputs[_INPUTS].dtype
    if data_type != tensors.DT_STRING:
        raise errors.invalid_argument(
            f"Expects arg[0] to be {tensors.data_type_name(data_type)} but string is provided"
        )
    return Plan(definition.inputs[_INPUTS].name, found)


def classification(
    definition: meta_graph_pb2.SignatureDef, results: Tensors, rows: int
) -> classification_pb2.ClassificationResult:
    """Returns the classes of each example, with labels, scores or both.

    Args:
        definition: The signature.
        results: Tensor name to value.
        rows: Number of examples.

    Raises:
        ServingError: INVALID_ARGUMENT, a value has the wrong dtype or a shape other than
            [rows, classes].
    """
    values: dict[str, np.ndarray] = {}
    for name, data_type in ((_CLASSES, tensors.DT_STRING), (_SCORES, _DT_FLOAT)):
        if name not in definition.outputs:
            continue
        array = values[name] = results[definition.outputs[name].name]
        if array.ndim != 2:
            raise errors.invalid_argument(
                f"Expected Tensor shape: [batch_size num_classes] but got {_shape(array)}"
            )
        _require_type(array, data_type, f"{name} Tensor", ". ")
        if len(array) != rows:
            raise errors.invalid_argument(
                f"Expected {name} output batch size of {rows}. Got: {len(array)}"
            )
    sizes = [array.shape[1] for array in values.values()]
    if len(set(sizes)) > 1:
        raise errors.invalid_argument(
            f"Tensors class and score should match in dim_size(1). Got {sizes[0]} vs. {sizes[1]}"
        )
    result = classification_pb2.ClassificationResult()
    for row in range(rows):
        classes = result.classifications.add().classes
        for column in range(sizes[0]):
            one = classes.add()
            if _CLASSES in values:
                one.label = values[_CLASSES][row, column].decode(errors="replace")
            if _SCORES in values:
                one.score = values[_SCORES][row, column]
    return result


def regression(
    definition: meta_graph_pb2.SignatureDef, results: Tensors, rows: int
) -> regression_pb2.RegressionResult:
    """Returns the value of each example. See `classification` for the arguments.

    Raises:
        ServingError: INVALID_ARGUMENT, the value has the wrong dtype or a shape other than [rows]
            and [rows, 1].
    """
    array = results[definition.outputs[_OUTPUTS].name]
    if array.ndim not in (1, 2) or array.shape[1:] not in ((), (1,)):
        raise errors.invalid_argument(
            "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got "
            f"{_shape(array)}"
        )
    if len(array) != rows:
        raise errors.invalid_argument(
            f"Input batch size did not match output batch size: {rows} vs. {len(array)}"
        )
    _require_type(array, _DT_FLOAT, "output Tensor", ".  ")
    result = regression_pb2.RegressionResult()
    for value in array.ravel():
        result.regressions.add().value = value
    return result


RESULTS: dict[str, Callable] = {CLASSIFY: classification, REGRESS: regression}


def _require_type(array: np.ndarray, data_type: int, what: str, stop: str) -> None:
    found = tensors.data_type(array)
    if found != data_type:
        expected, got = (types_pb2.DataType.Name(kind) for kind in (data_type, found))
        raise errors.invalid_argument(f"Expected {what} of {expected}{stop}Got: {got}")


def _shape(array: np.ndarray) -> str:
    return "[" + ",".join(map(str, array.shape)) + "]"
