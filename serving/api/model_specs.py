"""The `model_spec` field of requests and responses."""

from __future__ import annotations

from typing import Any

from serving import errors


def of_request(request: Any) -> Any:
    """Returns the `model_spec` of a request.

    Raises:
        ServingError: INVALID_ARGUMENT, the request has none.
    """
    if not request.HasField("model_spec"):
        raise errors.invalid_argument("Missing ModelSpec")
    return request.model_spec


def fill(spec: Any, name: str, signature_name: str, version: int) -> None:
    """Sets the `model_spec` of a response: the model, signature and version that answered."""
    spec.name = name
    spec.signature_name = signature_name
    spec.version.value = version
