"""The calls that prove a signature, whosever model it is.

Their rows come from the model's warm-up requests, of which an export has one a signature, and
else are made up from the shapes.
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
    """No input is known for a signature; says why."""


class Call(NamedTuple):
    """One call of a signature.

    Attributes:
        signature: its name.
        what: which call it is, such as "batch 3".
        inputs: name to array.
        rows: how many rows every output must have; None where that is open.
        certain: whether a failure is the model's, and not of inputs that were made up.
    """

    signature: str
    what: str
    inputs: Inputs
    rows: int | None
    certain: bool


def warm_up_requests(
    path: pathlib.Path, signatures: Mapping[str, Any]
) -> tuple[dict[str, list[Inputs]], list[Problem]]:
    """Returns the warm-up requests by signature, and what makes a server fail to load them.

    Args:
        path: directory of one version.
        signatures: name to SignatureDef, whose default inputs are added.
    """
    try:
        requests = assets.read_warm_up(path / "assets.extra")
    except ValueError as error:
        return {}, [Problem(str(error), True)]
    found: dict[str, list[Inputs]] = {}
    faults = []
    for number, (name, request) in enumerate(requests):
        definition = signatures.get(name)
        defaults = definition.defaults if definition else {}
        inputs = {**{key: tf.make_ndarray(value) for key, value in defaults.items()}, **request}
        if definition is None or inputs.keys() != set(definition.inputs):
            what = f"warm-up request {number} asks signature {name} with {sorted(request)}"
            faults.append(Problem(f"{what}, which the model has not", True))
        else:
            found.setdefault(name, []).append(inputs)
    return found, faults


def calls(name: str, signature, requests: list[Inputs]) -> list[Call]:
    """Returns calls of a signature at batch 0, 1 and 3, and of its further warm-up requests.

    Where the batch is fixed by the shapes, it is called at that alone.

    Args:
        name: the signature's name.
        signature: its SignatureDef.
        requests: its warm-up requests.

    Raises:
        NotRunError: where there is no such request, and none can be made up.
    """
    inputs = specs.tensor_specs(signature.inputs)
    if len(inputs) < len(signature.inputs):
        raise NotRunError("it takes a composite tensor")
    batched = bool(inputs) and all(s.shape.rank and s.shape[0] is None for s in inputs.values())
    if requests:
        return _as_requested(name, requests, batched)
    for key, spec in inputs.items():
        if spec.dtype == tf.string:
            raise NotRunError(f"what {key} holds only warm-up requests tell, and there are none")
        if spec.shape.rank is None or not (spec.dtype.is_floating or spec.dtype.is_integer):
            raise NotRunError(f"no value of {key}, {specs.described(spec)}, can be made up")
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
    asked = [
        Call(name, f"warm-up request {number}", request, None, True)
        for number, request in enumerate(requests)
    ]
    first = requests[0]
    if not batched or not all(len(value) for value in first.values()):
        return asked
    sized = [
        {key: np.repeat(value[:1], size, axis=0) for key, value in first.items()}
        for size in BATCH_SIZES
    ]
    return [
        Call(name, f"batch {size}", inputs, size, True)
        for size, inputs in zip(BATCH_SIZES, sized, strict=True)
    ] + asked[1:]


def _known(inputs: Mapping[str, tf.TensorSpec]) -> dict[str, tf.TensorSpec]:
    """The same with every open size but the batch's at 1."""
    return {
        key: tf.TensorSpec([None, *(size or 1 for size in spec.shape[1:])], spec.dtype)
        for key, spec in inputs.items()
    }
