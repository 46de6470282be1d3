"""Test calls for the signatures of any SavedModel.

Their inputs come from the model's warm-up requests (an export has one per signature) if there are
any; otherwise they are generated from the shapes.
"""

import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfvae.saved_model import assets, specs
from tfvae.saved_model.lint import Problem
from tfvae.saved_model.verification import BATCH_SIZES, example_inputs

Inputs = dict[str, np.ndarray]


class NotRunError(Exception):
    """No inputs can be generated for a signature; the message says why."""


class Call(NamedTuple):
    """One call of a signature.

    Attributes:
        signature: name of the signature.
        what: description of the call, such as "batch 3".
        inputs: arrays by name.
        rows: number of rows that every output must have; None if unknown.
        certain: whether a failure is due to the model, rather than to generated inputs.
    """

    signature: str
    what: str
    inputs: Inputs
    rows: int | None
    certain: bool


def warm_up_requests(
    path: pathlib.Path, signatures: Mapping[str, Any]
) -> tuple[dict[str, list[Inputs]], list[Problem]]:
    """Returns the warm-up requests by signature, and the problems that a server would have.

    Args:
        path: directory of one version.
        signatures: SignatureDefs by name; their default inputs are added to the requests.
    """
    try:
        requests = assets.read_warm_up(path)
    except ValueError as error:
        return {}, [Problem(str(error), True)]
    found: dict[str, list[Inputs]] = {}
    faults = []
    for number, (name, request) in enumerate(requests):
        definition = signatures.get(name)
        defaults = definition.defaults if definition else {}
        inputs = {**{key: tf.make_ndarray(value) for key, value in defaults.items()}, **request}
        if definition is None or inputs.keys() != set(definition.inputs):
            what = f"warm-up request {number} calls signature {name} with {sorted(request)}"
            faults.append(Problem(f"{what}, which the model does not have", True))
        else:
            found.setdefault(name, []).append(inputs)
    return found, faults


def calls(name: str, signature, requests: list[Inputs]) -> list[Call]:
    """Returns calls of a signature with batch sizes 0, 1 and 3, and its other warm-up requests.

    If its shapes have a fixed batch size, only that one is called.

    Args:
        name: name of the signature.
        signature: its SignatureDef.
        requests: its warm-up requests.

    Raises:
        NotRunError: if there are no warm-up requests and inputs cannot be generated.
    """
    inputs = specs.tensor_specs(signature.inputs)
    if len(inputs) < len(signature.inputs):
        raise NotRunError("it takes a composite tensor")
    batched = bool(inputs) and all(s.shape.rank and s.shape[0] is None for s in inputs.values())
    if requests:
        return _as_requested(name, requests, batched)
    for key, spec in inputs.items():
        if spec.dtype == tf.string:
            raise NotRunError(f"{key} has strings, which need a warm-up request, and there is none")
        if spec.shape.rank is None or not (spec.dtype.is_floating or spec.dtype.is_integer):
            raise NotRunError(f"no value of {key}, {specs.described(spec)}, can be generated")
    certain = all(None not in spec.shape[1:] for spec in inputs.values())
    if batched:
        return [
            Call(name, f"batch {size}", example_inputs(_known(inputs), size), size, certain)
            for size in BATCH_SIZES
        ]
    zeros = {
        key: np.zeros([size or 1 for size in spec.shape], spec.dtype.as_numpy_dtype)
        for key, spec in inputs.items()
    }
    return [Call(name, "the one batch it takes", zeros, None, certain)]


def _as_requested(name: str, requests: list[Inputs], batched: bool) -> list[Call]:
    requested = [
        Call(name, f"warm-up request {number}", request, None, True)
        for number, request in enumerate(requests)
    ]
    first = requests[0]
    if not batched or not all(len(value) for value in first.values()):
        return requested
    sized = [
        {key: np.repeat(value[:1], size, axis=0) for key, value in first.items()}
        for size in BATCH_SIZES
    ]
    return [
        Call(name, f"batch {size}", inputs, size, True)
        for size, inputs in zip(BATCH_SIZES, sized, strict=True)
    ] + requested[1:]


def _known(inputs: Mapping[str, tf.TensorSpec]) -> dict[str, tf.TensorSpec]:
    """Sets every unknown size except the batch size to 1."""
    return {
        key: tf.TensorSpec([None, *(size or 1 for size in spec.shape[1:])], spec.dtype)
        for key, spec in inputs.items()
    }
