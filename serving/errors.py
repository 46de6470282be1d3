"""Errors of a request: gRPC status code, the stock server's message, and HTTP status."""

from __future__ import annotations

import re

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
# The names of the called functions before and after a message. The stock server, which inlines
# these functions, has none.
_CALLS = re.compile(r"^(\{\{function_node \S+\}\} )+|(\n\t \[\[\w+\]\])+$")
_CODES = {code.value[0]: code for code in grpc.StatusCode}
# A longer message would not fit into the HTTP/2 trailers.
_MESSAGE_LIMIT = 1024


class LoadError(Exception):
    """A version of a model cannot be loaded; the message says why."""


class ServingError(Exception):
    """A request was refused or failed.

    Attributes:
        code: gRPC status code.
        message: Message for the client.
    """

    def __init__(self, code: grpc.StatusCode, message: str):
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def http_status(self) -> int:
        """HTTP status of the error over REST."""
        return _HTTP_STATUS.get(self.code, 500)

    @property
    def details(self) -> str:
        """The message for gRPC, cut and marked after 1,024 characters."""
        if len(self.message) <= _MESSAGE_LIMIT:
            return self.message
        return self.message[:_MESSAGE_LIMIT] + "...TRUNCATED"


class Overloaded(ServingError):
    """A request was refused because too many are waiting: UNAVAILABLE, and 429 over REST."""

    def __init__(self, message: str):
        super().__init__(grpc.StatusCode.UNAVAILABLE, message)

    @property
    def http_status(self) -> int:
        """429, Too Many Requests."""
        return 429


class UnknownSignature(ServingError):
    """A request for a signature that the model does not have: FAILED_PRECONDITION.

    Attributes:
        name: Name of the signature.
    """

    def __init__(self, name: str):
        super().__init__(
            grpc.StatusCode.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.'
        )
        self.name = name


def deadline_exceeded() -> ServingError:
    """Returns the DEADLINE_EXCEEDED error of a request that ran out of time."""
    return ServingError(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")


def invalid_argument(message: str) -> ServingError:
    """Returns an INVALID_ARGUMENT error."""
    return ServingError(grpc.StatusCode.INVALID_ARGUMENT, message)


def failed_precondition(message: str) -> ServingError:
    """Returns a FAILED_PRECONDITION error."""
    return ServingError(grpc.StatusCode.FAILED_PRECONDITION, message)


def from_tensorflow(code: int, message: str) -> ServingError:
    """Returns the error of a TensorFlow status; TensorFlow numbers its codes as gRPC does."""
    return ServingError(_CODES.get(code, grpc.StatusCode.UNKNOWN), _CALLS.sub("", message))
