"""Sends calls to the REST API, with the standard library only."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import itertools
import json
import ssl
import time
from concurrent import futures
from typing import Any, NamedTuple

import grpc
import numpy as np

from . import rest_messages, retries
from .address import Address
from .calls import Call, GetSignatures, GetStatus, Predict
from .model_spec import ModelSpec
from .rest_error import RestError, code_of_status
from .security import Security
from .signature_specs import Signatures, SignatureSpec

_OVERLOADED = (429, 503)
_DEFAULT_SIGNATURE = "serving_default"
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError)
_PART = 1 << 20


class RestSettings(NamedTuple):
    """Settings of calls over REST.

    Attributes:
        address: Address of the server.
        model: Model and version.
        security: TLS and token.
        timeout: Seconds allowed for each request, including its retries.
        retries: How often a request is sent again.
        max_in_flight: Maximum number of concurrent requests.
    """

    address: Address
    model: ModelSpec
    security: Security
    timeout: float
    retries: int
    max_in_flight: int


class RestTransport:
    """Sends calls and blocks until they are answered; opens a connection for each request."""

    def __init__(self, settings: RestSettings):
        """Reads the certificates; nothing is sent yet."""
        self._settings = settings
        is_https = settings.address.scheme == "https"
        self._context = settings.security.context() if is_https else None
        self._signatures: Signatures = {}
        self._pool = futures.ThreadPoolExecutor(settings.max_in_flight, "tfvae-client")

    def call(self, call: Call) -> Any:
        """Sends a call and waits for its answer."""
        path = self._settings.model.path
        if isinstance(call, Predict):
            return self._predict(call)
        wait = call.wait if isinstance(call, GetStatus) else None
        is_status = isinstance(call, GetStatus)
        document = self._request("GET", path if is_status else f"{path}/metadata", timeout=wait)
        try:
            if is_status:
                return rest_messages.versions(document)
            self._signatures = rest_messages.signatures(document)
        except _UNREADABLE as error:
            raise _unreadable(error) from error
        return self._signatures

    def start(self, call: Call) -> futures.Future:
        """Sends a call; `result` of the return value waits for the answer."""
        return self._pool.submit(self.call, call)

    def close(self) -> None:
        """Closes the transport; waits for no request."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _predict(self, call: Predict) -> dict[str, np.ndarray]:
        signature = self._signature(call.signature or _DEFAULT_SIGNATURE)
        for name in set(call.output_filter) - set(signature.outputs):
            raise RestError(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"output tensor alias not found in signature: {name} Outputs expected to be in the "
                f"set {{{','.join(sorted(signature.outputs))}}}.",
            )
        rest_messages.check_supported(call, signature)
        if any(array.shape[:1] == (0,) for array in call.inputs.values()):
            return rest_messages.empty_outputs(call, signature)
        path = f"{self._settings.model.path}:predict"
        document = self._request("POST", path, rest_messages.predict_body(call))
        try:
            return rest_messages.outputs(call, document, signature)
        except _UNREADABLE as error:
            self._signatures = {}  # They may be outdated; the next call fetches them again.
            raise _unreadable(error) from error

    def _signature(self, name: str) -> SignatureSpec:
        """Returns the signature; JSON responses lack its output names and dtypes."""
        if name not in self._signatures:
            self.call(GetSignatures())
        if name not in self._signatures:
            raise RestError(
                grpc.StatusCode.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.'
            )
        return self._signatures[name]

    def _request(
        self, method: str, path: str, body: bytes = b"", timeout: float | None = None
    ) -> Any:
        """Sends a request, with retries, and returns the JSON document of the response."""
        end = time.monotonic() + (self._settings.timeout if timeout is None else timeout)
        for attempt in itertools.count():
            try:
                return self._request_once(method, path, body, end)
            except RestError as error:
                delay = max(retries.delay(attempt), error.retry_after)
                last = attempt == self._settings.retries
                if last or not error.retryable or time.monotonic() + delay >= end:
                    raise
                time.sleep(delay)

    def _request_once(self, method: str, path: str, body: bytes, end: float) -> Any:
        try:
            status, reason, after, content = self._exchange(method, path, body, end)
        except TimeoutError as error:
            raise RestError(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded") from error
        except (OSError, http.client.HTTPException) as error:
            where = self._settings.address.text
            raise RestError(
                grpc.StatusCode.UNAVAILABLE,
                f"no response from {where}: {error!r}",
                retryable=not isinstance(error, ssl.SSLError),
            ) from error
        try:
            document = json.loads(content)
        except ValueError:
            document = None
        if status == http.HTTPStatus.OK and isinstance(document, dict):
            return document
        message = document.get("error") if isinstance(document, dict) else None
        raise RestError(
            code_of_status(status),
            message or f"HTTP {status} {reason}, not JSON; is this a model server's REST API?",
            status in _OVERLOADED,
            float(after) if after.isdecimal() else 0.0,
        )

    def _exchange(
        self, method: str, path: str, body: bytes, end: float
    ) -> tuple[int, str, str, bytes]:
        """Returns status, reason, Retry-After and body of the response."""
        connection = self._connection(_left(end))
        try:
            connection.connect()
            socket = connection.sock  # The response takes the socket from the connection.
            headers = {"Connection": "close", **self._settings.security.authorization}
            if body:
                headers["Content-Type"] = "application/json"
            with contextlib.suppress(BrokenPipeError):  # The response says why.
                url = self._settings.address.path + path
                connection.request(method, url, body or None, headers)
            socket.settimeout(_left(end))
            response = connection.getresponse()
            after = response.getheader("Retry-After", "")
            parts = []
            while not response.isclosed():  # Closes with the last byte.
                socket.settimeout(_left(end))
                part = response.read1(_PART)
                if not part:
                    break
                parts.append(part)
            return response.status, response.reason, after, b"".join(parts)
        finally:
            connection.close()

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        host, port = self._settings.address.host, self._settings.address.port
        if self._context is None:
            return http.client.HTTPConnection(host, port, timeout)
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=self._context)


class AsyncRestTransport:
    """Sends calls from coroutines, on threads."""

    def __init__(self, settings: RestSettings):
        """Reads the certificates; nothing is sent yet."""
        self._blocking = RestTransport(settings)

    async def call(self, call: Call) -> Any:
        """Sends a call and awaits its answer."""
        return await asyncio.wrap_future(self._blocking.start(call))

    async def close(self) -> None:
        """Closes the transport; waits for no request."""
        self._blocking.close()


def _unreadable(error: Exception) -> RestError:
    return RestError(
        grpc.StatusCode.INTERNAL,
        f"the response cannot be read: {error!r}; is this a model server's REST API?",
    )


def _left(end: float) -> float:
    """Returns the seconds until `end`.

    Raises:
        TimeoutError: `end` has passed.
    """
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
