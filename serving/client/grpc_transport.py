"""Sends calls over gRPC, blocking or asynchronously."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import grpc
import grpc.aio

from . import grpc_messages, retries
from .address import Address
from .calls import Call, GetStatus
from .grpc_messages import EXCHANGES
from .model_spec import ModelSpec
from .security import Security

_LARGEST_MESSAGE = 2**31 - 1  # The default is 4 MiB, a few hundred images.


class GrpcSettings(NamedTuple):
    """Settings of calls over gRPC.

    Attributes:
        address: Address of the server.
        model: Model and version.
        security: TLS and token.
        timeout: Seconds allowed for each request, including its retries.
        retries: How often a request is sent again.
    """

    address: Address
    model: ModelSpec
    security: Security
    timeout: float
    retries: int

    @property
    def options(self) -> list[tuple[str, Any]]:
        """Options of the channel."""
        options: list[tuple[str, Any]] = [
            ("grpc.max_send_message_length", _LARGEST_MESSAGE),
            ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
            ("grpc.enable_retries", int(self.retries > 0)),
        ]
        if self.retries:
            options += [
                ("grpc.service_config", retries.service_config(self.retries)),
                # gRPC buffers 256 KiB of a request for retries, less than a batch of images.
                ("grpc.per_rpc_retry_buffer_size", _LARGEST_MESSAGE),
            ]
        if self.address.is_loopback:
            options.append(("grpc.enable_http_proxy", 0))
        return options

    def open_channel(self, library: Any) -> Any:
        """Opens a channel of `library`, grpc or grpc.aio; nothing is sent yet."""
        target, credentials = self.address.text, self.security.credentials
        if credentials is None:
            return library.insecure_channel(target, self.options)
        return library.secure_channel(target, credentials, self.options)

    def methods(self, channel: Any) -> dict[type, Callable[..., Any]]:
        """Returns type of call to function of the channel."""
        return {
            call: channel.unary_unary(
                exchange.path,
                request_serializer=lambda request: request.SerializeToString(),
                response_deserializer=exchange.response.FromString,
            )
            for call, exchange in EXCHANGES.items()
        }

    def keywords(self, call: Call) -> dict[str, Any]:
        """Returns the keyword arguments of a gRPC call."""
        wait = call.wait if isinstance(call, GetStatus) else None
        return {
            "timeout": self.timeout if wait is None else wait,
            "wait_for_ready": wait is not None,
            "metadata": tuple(self.security.authorization.items()),
        }


class _Pending(NamedTuple):
    """A call in progress."""

    call: Call
    future: Any

    def result(self) -> Any:
        return grpc_messages.answer(self.call, self.future.result())

    def cancel(self) -> None:
        self.future.cancel()


class GrpcTransport:
    """Sends calls and blocks until they are answered."""

    def __init__(self, settings: GrpcSettings):
        """Opens a channel; nothing is sent yet."""
        self._settings = settings
        self._channel = settings.open_channel(grpc)
        self._methods = settings.methods(self._channel)

    def call(self, call: Call) -> Any:
        """Sends a call and waits for its answer."""
        request = grpc_messages.request(call, self._settings.model)
        response = self._methods[type(call)](request, **self._settings.keywords(call))
        return grpc_messages.answer(call, response)

    def start(self, call: Call) -> _Pending:
        """Sends a call; `result` of the return value waits for the answer."""
        request = grpc_messages.request(call, self._settings.model)
        method: Any = self._methods[type(call)]
        return _Pending(call, method.future(request, **self._settings.keywords(call)))

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()


class AsyncGrpcTransport:
    """Sends calls from coroutines."""

    def __init__(self, settings: GrpcSettings):
        """Opens a channel in the running event loop."""
        self._settings = settings
        self._channel = settings.open_channel(grpc.aio)
        self._methods = settings.methods(self._channel)

    async def call(self, call: Call) -> Any:
        """Sends a call and awaits its answer."""
        request = grpc_messages.request(call, self._settings.model)
        response = await self._methods[type(call)](request, **self._settings.keywords(call))
        return grpc_messages.answer(call, response)

    async def close(self) -> None:
        """Closes the channel."""
        await self._channel.close()
