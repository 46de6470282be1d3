"""The blocking client."""

from __future__ import annotations

import functools
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

import grpc

from .calls import Call, CallGenerator, Sleep
from .connection import Connection
from .grpc_transport import GrpcTransport
from .methods import Methods
from .rest_transport import RestTransport

P = ParamSpec("P")
T = TypeVar("T")


def _blocking(
    method: Callable[Concatenate[Methods, P], CallGenerator[T]],
) -> Callable[Concatenate[Client, P], T]:
    """Returns a method of `Client` that runs the generator of `method`."""

    @functools.wraps(method)
    def run(self: Client, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._run(method(self._methods, *args, **kwargs))

    return run


class Client(Connection):
    """Calls a model on a server with TensorFlow Serving's API, embedded or stock.

    Calls with many rows are sent in chunks, several at once, with the same result as one request.
    A seed is an integer, or int64 [B, 2] with one row for each example; an integer stands for the
    rows (seed, i). Errors of the server are raised as `grpc.RpcError` with `code()` and
    `details()`, over REST too. Threads may share a client.

    Example:
        >>> client = Client("localhost:8500", model="factor_vae")  # doctest: +SKIP
        >>> client.wait_ready(timeout=30)  # doctest: +SKIP
        >>> mean, stddev = client.encode(images)  # doctest: +SKIP
    """

    _transport: GrpcTransport | RestTransport

    def _open(self) -> None:
        is_grpc = self._address.scheme == "grpc"
        self._transport = GrpcTransport(self._grpc) if is_grpc else RestTransport(self._rest)

    wait_ready = _blocking(Methods.wait_ready)
    status = _blocking(Methods.status)
    metadata = _blocking(Methods.metadata)
    encode = _blocking(Methods.encode)
    encode_sample = _blocking(Methods.encode_sample)
    decode = _blocking(Methods.decode)
    sample = _blocking(Methods.sample)
    reconstruct = _blocking(Methods.reconstruct)
    translate = _blocking(Methods.translate)
    traverse = _blocking(Methods.traverse)
    log_likelihood = _blocking(Methods.log_likelihood)
    predict = _blocking(Methods.predict)

    def close(self) -> None:
        """Closes the connection."""
        self._transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, generator: CallGenerator[T]) -> T:
        try:
            calls = next(generator)
            while True:
                try:
                    answers = self._answers(calls)
                except grpc.RpcError as error:
                    calls = generator.throw(error)
                else:
                    calls = generator.send(answers)
        except StopIteration as end:
            return end.value

    def _answers(self, calls: Sequence[Call]) -> list[Any]:
        if len(calls) == 1:
            (call,) = calls
            if isinstance(call, Sleep):
                time.sleep(call.seconds)
                return [None]
            return [self._transport.call(call)]
        answers: list[Any] = []
        pending: deque[Any] = deque()
        try:
            for call in calls:
                if len(pending) == self._max_in_flight:
                    answers.append(pending.popleft().result())
                pending.append(self._transport.start(call))
            while pending:
                answers.append(pending.popleft().result())
        finally:
            for call_under_way in pending:
                call_under_way.cancel()
        return answers
