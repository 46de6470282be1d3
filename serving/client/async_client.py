"""The asynchronous client."""

from __future__ import annotations

import asyncio
import functools
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

import grpc

from .calls import Call, CallGenerator, Sleep
from .connection import Connection
from .grpc_transport import AsyncGrpcTransport
from .methods import Methods
from .rest_transport import AsyncRestTransport

P = ParamSpec("P")
T = TypeVar("T")


def _awaitable(
    method: Callable[Concatenate[Methods, P], CallGenerator[T]],
) -> Callable[Concatenate[AsyncClient, P], Awaitable[T]]:
    """Returns a coroutine method of `AsyncClient` that runs the generator of `method`."""

    @functools.wraps(method)
    async def run(self: AsyncClient, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._run(method(self._methods, *args, **kwargs))

    return run


class AsyncClient(Connection):
    """`Client` with coroutine methods; belongs to the event loop of its first call.

    Example:
        >>> client = AsyncClient("localhost:8500", model="factor_vae")  # doctest: +SKIP
        >>> mean, stddev = await client.encode(images)  # doctest: +SKIP
    """

    _transport: AsyncGrpcTransport | AsyncRestTransport | None = None

    wait_ready = _awaitable(Methods.wait_ready)
    status = _awaitable(Methods.status)
    metadata = _awaitable(Methods.metadata)
    encode = _awaitable(Methods.encode)
    encode_sample = _awaitable(Methods.encode_sample)
    decode = _awaitable(Methods.decode)
    sample = _awaitable(Methods.sample)
    reconstruct = _awaitable(Methods.reconstruct)
    translate = _awaitable(Methods.translate)
    traverse = _awaitable(Methods.traverse)
    log_likelihood = _awaitable(Methods.log_likelihood)
    predict = _awaitable(Methods.predict)

    async def close(self) -> None:
        """Closes the connection."""
        if self._transport is not None:
            await self._transport.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _run(self, generator: CallGenerator[T]) -> T:
        try:
            calls = next(generator)
            while True:
                try:
                    answers = await self._answers(calls)
                except grpc.RpcError as error:
                    calls = generator.throw(error)
                else:
                    calls = generator.send(answers)
        except StopIteration as end:
            return end.value

    async def _answers(self, calls: Sequence[Call]) -> list[Any]:
        answers: list[Any] = []
        pending: deque[asyncio.Task] = deque()
        try:
            for call in calls:
                if len(pending) == self._max_in_flight:
                    answers.append(await pending.popleft())
                pending.append(asyncio.create_task(self._answer(call)))
            while pending:
                answers.append(await pending.popleft())
        finally:
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
        return answers

    async def _answer(self, call: Call) -> Any:
        if isinstance(call, Sleep):
            return await asyncio.sleep(call.seconds)
        if self._transport is None:  # Created here, inside the running event loop.
            is_grpc = self._address.scheme == "grpc"
            self._transport = (
                AsyncGrpcTransport(self._grpc) if is_grpc else AsyncRestTransport(self._rest)
            )
        return await self._transport.call(call)
