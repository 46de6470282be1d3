"""Errors of the REST API with gRPC's status codes."""

from __future__ import annotations

import grpc

_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    409: grpc.StatusCode.ABORTED,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    499: grpc.StatusCode.CANCELLED,
    500: grpc.StatusCode.INTERNAL,
    501: grpc.StatusCode.UNIMPLEMENTED,
    502: grpc.StatusCode.UNAVAILABLE,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}


class RestError(grpc.RpcError):
    """An error of the REST API, in the form of a gRPC error.

    Attributes:
        retryable: Whether the same request may succeed later.
        retry_after: Seconds to wait before the next attempt, as requested by the server.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        details: str,
        retryable: bool = False,
        retry_after: float = 0.0,
    ):
        super().__init__(f"{code.name}: {details}")
        self._code = code
        self._details = details
        self.retryable = retryable
        self.retry_after = retry_after

    def code(self) -> grpc.StatusCode:
        """Returns the gRPC status code for the HTTP status."""
        return self._code

    def details(self) -> str:
        """Returns the server's message."""
        return self._details


def code_of_status(status: int) -> grpc.StatusCode:
    """Returns the gRPC status code for an HTTP status."""
    return _CODES.get(status, grpc.StatusCode.UNKNOWN)
