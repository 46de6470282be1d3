"""The HTTP server: wraps the REST API with tokens, limits and metrics."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
from dataclasses import dataclass
from typing import Any

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from serving.api.rest import RestApi
from serving.config import bearer_tokens
from serving.config.bearer_tokens import BearerTokens
from serving.net import overload
from serving.net.metrics import Metrics

_TLS_CLOSE_SECONDS = 2.0


@dataclass(frozen=True)
class HttpLimits:
    """Limits on requests.

    Attributes:
        threads: Number of requests that run at once.
        waiting: Maximum number of requests that wait for a thread.
        body_bytes: Maximum size of a request's body in bytes.
    """

    threads: int
    waiting: int
    body_bytes: int


class HttpApplication:
    """The ASGI application around the REST API."""

    def __init__(
        self,
        api: RestApi,
        limits: HttpLimits,
        tokens: BearerTokens | None,
        metrics: Metrics,
        metrics_path: str | None,
    ):
        """Creates the application.

        Args:
            api: Answers the requests.
            limits: Limits on requests; others are refused.
            tokens: Accepted bearer tokens; None accepts every request.
            metrics: Metrics of the server.
            metrics_path: Path of the metrics page; None disables it.
        """
        self._api = api
        self._limits = limits
        self._tokens = tokens
        self._metrics = metrics
        self._metrics_path = metrics_path
        self._pool = overload.CountingPool(limits.threads, "rest")
        metrics.watch_waiting("REST", lambda: self._pool.waiting)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        try:
            response = await self._answer(Request(scope, receive))
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path = request.scope.get("raw_path", request.url.path.encode()).decode("latin-1")
        path = path.partition("?")[0]
        if self._tokens is not None:
            header = request.headers.get("authorization", "").encode("latin-1")
            if not self._tokens.accept(header):
                return _error(401, bearer_tokens.MESSAGE, {"WWW-Authenticate": "Bearer"})
        if (request.method, path) == ("GET", self._metrics_path):
            return Response(self._metrics.page(), media_type=CONTENT_TYPE_LATEST)
        if self._pool.waiting >= self._limits.waiting:
            error = overload.refusal(self._limits.waiting)
            return _error(error.http_status, error.message, {"Retry-After": "1"})
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > self._limits.body_bytes:
                return _error(
                    413,
                    f"the request has more than {self._limits.body_bytes} bytes, the limit of "
                    "--max_message_bytes",
                    {"Connection": "close"},
                )
        loop = asyncio.get_running_loop()
        status, content = await loop.run_in_executor(
            self._pool, self._api.answer, request.method, path, bytes(body)
        )
        return Response(content, status, media_type="application/json")


def _error(status: int, message: str, headers: dict[str, str]) -> Response:
    content = json.dumps({"error": message})
    return Response(content, status, headers, media_type="application/json")


class _TlsEventLoop(asyncio.SelectorEventLoop):
    """Waits 2 s, not asyncio's 30 s, for a client to close its TLS connection."""

    async def create_server(self, *args: Any, **kwargs: Any) -> asyncio.Server:
        return await super().create_server(*args, ssl_shutdown_timeout=_TLS_CLOSE_SECONDS, **kwargs)


class HttpServer:
    """Runs an application in its own thread."""

    def __init__(
        self, application: HttpApplication, listener: socket.socket, context: ssl.SSLContext | None
    ):
        """Starts to serve.

        Args:
            application: The application.
            listener: Listening socket.
            context: TLS settings; None serves plain text.
        """
        config = uvicorn.Config(
            application,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            ssl_context_factory=None if context is None else lambda *_: context,
        )
        self._server = uvicorn.Server(config)
        loop_factory = asyncio.SelectorEventLoop if context is None else _TlsEventLoop

        def run() -> None:
            with asyncio.Runner(loop_factory=loop_factory) as runner:
                runner.run(self._server.serve(sockets=[listener]))

        self._thread = threading.Thread(target=run, name="rest", daemon=True)
        self._thread.start()

    def refuse_new(self, drain_seconds: float) -> None:
        """Refuses new requests; those in flight have `drain_seconds` to finish."""
        self._server.config.timeout_graceful_shutdown = int(drain_seconds)
        self._server.should_exit = True

    def wait(self, seconds: float) -> None:
        """Waits at most `seconds` until the last request is answered."""
        self._thread.join(seconds)
