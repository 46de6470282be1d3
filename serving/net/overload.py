"""Refuses requests at once if too many are waiting for a thread."""

from __future__ import annotations

import threading
from concurrent import futures

import grpc

from serving import errors


def refusal(limit: int) -> errors.Overloaded:
    """Returns the error of a request that arrives while `limit` others wait."""
    return errors.Overloaded(f"{limit} requests are waiting already; try again later")


class CountingPool(futures.ThreadPoolExecutor):
    """A thread pool that counts its waiting calls."""

    def __init__(self, threads: int, name: str):
        super().__init__(threads, thread_name_prefix=name)
        self._size = threads
        self._pending = 0
        self._count_lock = threading.Lock()

    def submit(self, function, /, *args, **kwargs):
        """See `ThreadPoolExecutor.submit`."""
        with self._count_lock:
            self._pending += 1
        return super().submit(self._counted, function, args, kwargs)

    def _counted(self, function, args, kwargs):
        try:
            return function(*args, **kwargs)
        finally:
            with self._count_lock:
                self._pending -= 1

    @property
    def waiting(self) -> int:
        """Number of calls that no thread has started yet."""
        return max(0, self._pending - self._size)


class Overload(grpc.ServerInterceptor):
    """Refuses gRPC requests with UNAVAILABLE if too many wait for the server's threads."""

    def __init__(self, pool: CountingPool, limit: int):
        """Creates the interceptor.

        Args:
            pool: Thread pool of the server.
            limit: Maximum number of waiting requests.
        """
        self._pool = pool
        self._limit = limit
        error = refusal(limit)

        def refuse(request, context):
            context.abort(error.code, error.details)

        # All threads of the server are busy, so refusals run in their own.
        refuse.experimental_thread_pool = futures.ThreadPoolExecutor(1, "refusal")  # type: ignore[attr-defined]
        self._refuse = grpc.unary_unary_rpc_method_handler(refuse)

    def intercept_service(self, continuation, handler_call_details):
        """Passes a request on, or refuses it."""
        if self._pool.waiting >= self._limit:
            return self._refuse
        return continuation(handler_call_details)
