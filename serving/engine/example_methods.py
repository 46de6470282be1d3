"""Classify, Regress and MultiInference on a loaded model."""

from __future__ import annotations

from typing import Any

import grpc
from tensorflow_serving.apis import inference_pb2

from serving import errors
from serving.engine import example_signatures
from serving.engine.example_signatures import Plan
from serving.engine.session import DEFAULT_SIGNATURE, SavedModelSession


def run(
    session: SavedModelSession, request: Any, method_name: str, timeout: float | None = None
) -> tuple[str, Any]:
    """Runs one signature on the examples of a request.

    Args:
        session: The model.
        request: A ClassificationRequest or a RegressionRequest.
        method_name: `CLASSIFY` or `REGRESS`.
        timeout: Seconds until the computation is given up.

    Returns:
        The signature's name, and a ClassificationResult or a RegressionResult.

    Raises:
        ServingError: With the stock server's code and message.
    """
    name = request.model_spec.signature_name or DEFAULT_SIGNATURE
    if name not in session.signatures:
        raise errors.invalid_argument(f"No signature was found with the name: {name}")
    definition = session.signatures[name]
    plan = example_signatures.plan(definition, method_name)
    examples = example_signatures.serialized(request.input)
    results = session.compute((plan.feed,), [examples], plan.fetches, timeout)
    return name, example_signatures.RESULTS[method_name](definition, results, len(examples))


def run_tasks(
    session: SavedModelSession,
    request: inference_pb2.MultiInferenceRequest,
    timeout: float | None = None,
) -> list[tuple[str, Any]]:
    """Runs several signatures on the same examples in one computation.

    Returns:
        For each task, the same as `run`.

    Raises:
        ServingError: With the stock server's code and message.
    """
    plans = _plans(session, request)
    examples = example_signatures.serialized(request.input)
    (feed,) = {plan.feed for plan in plans.values()}
    fetches = [tensor for plan in plans.values() for tensor in plan.fetches]
    results = session.compute((feed,), [examples], fetches, timeout)
    return [
        (
            name,
            example_signatures.RESULTS[task.method_name](
                session.signatures[name], results, len(examples)
            ),
        )
        for name, task in zip(plans, request.tasks, strict=True)
    ]


def _plans(
    session: SavedModelSession, request: inference_pb2.MultiInferenceRequest
) -> dict[str, Plan]:
    """Returns signature name to plan for the tasks of a request, in order."""
    plans: dict[str, Plan] = {}
    for task in request.tasks:
        if not task.model_spec.name:
            raise errors.invalid_argument("Found ModelSpec with an empty model name.")
        if task.model_spec.name != request.tasks[0].model_spec.name:
            raise errors.invalid_argument(
                "All ModelSpecs in a MultiInferenceRequest must access the same model name."
            )
        name = task.model_spec.signature_name or DEFAULT_SIGNATURE
        if name in plans:
            raise errors.invalid_argument(f"Duplicate evaluation of signature: {name}")
        if name not in session.signatures:
            raise errors.invalid_argument(f"Requested signature not found in model graph: {name}")
        if task.method_name not in example_signatures.KINDS:
            raise errors.ServingError(
                grpc.StatusCode.UNIMPLEMENTED,
                f"Unsupported signature method_name: {task.method_name}",
            )
        plans[name] = example_signatures.plan(session.signatures[name], task.method_name)
        if len({plan.feed for plan in plans.values()}) > 1:
            raise errors.invalid_argument("Input tensor must be the same for all Signatures.")
    return plans
