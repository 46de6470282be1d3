"""Errors of a request: a gRPC status code, the stock server's message, and the HTTP status."""

from __future__ import annotations

import grpc

_HTTP_STATUS = {
    grpc.StatusCode.OK: 200,
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}
_CODES = {code.value[0]: code for code in grpc.StatusCode}
# A longer message would not fit the HTTP/2 trailers that carry it.
_MESSAGE_LIMIT = 1024


class LoadError(Exception):
    """A version of a model that cannot be served; says why."""


class ServingError(Exception):
    """A request that is refused or failed.

    Attributes:
        code: gRPC status code.
        message: What the client is told.
    """

    def __init__(self, code: grpc.StatusCode, message: str):
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def http_status(self) -> int:
        """The status of the same error over REST."""
        return _HTTP_STATUS.get(self.code, 500)

    @property
    def details(self) -> str:
        """The message as gRPC carries it, at most 1,024 characters and a mark."""
        if len(self.message) <= _MESSAGE_LIMIT:
            return self.message
        return self.message[:_MESSAGE_LIMIT] + "...TRUNCATED"


class Overloaded(ServingError):
    """A request refused at once because too many wait: UNAVAILABLE, and 429 over REST."""

    def __init__(self, message: str):
        super().__init__(grpc.StatusCode.UNAVAILABLE, message)

    @property
    def http_status(self) -> int:
        """Too many requests."""
        return 429


def deadline_exceeded() -> ServingError:
    """The error of a request whose time is over."""
    return ServingError(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")


def invalid_argument(message: str) -> ServingError:
    """An INVALID_ARGUMENT error."""
    return ServingError(grpc.StatusCode.INVALID_ARGUMENT, message)


def from_tensorflow(code: int, message: str) -> ServingError:
    """The error of a TensorFlow status; the codes are the same numbers as gRPC's."""
    return ServingError(_CODES.get(code, grpc.StatusCode.UNKNOWN), message)
