"""Requests beyond what may wait are refused at once, while the others take their turn."""

from __future__ import annotations

import threading
from concurrent import futures

import grpc

from serving import errors


def refusal(limit: int) -> errors.Overloaded:
    """The error of a request that finds `limit` others waiting."""
    return errors.Overloaded(f"{limit} requests wait already; try again later")


class CountingPool(futures.ThreadPoolExecutor):
    """A pool of threads that knows how many calls run or wait."""

    def __init__(self, threads: int, name: str):
        super().__init__(threads, thread_name_prefix=name)
        self._size = threads
        self._pending = 0
        self._count_lock = threading.Lock()

    def submit(self, function, /, *args, **kwargs):
        """As `ThreadPoolExecutor.submit`."""
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
        """Calls that no thread has begun."""
        return max(0, self._pending - self._size)


class Overload(grpc.ServerInterceptor):
    """Refuses a request with UNAVAILABLE where too many wait for the server's threads."""

    def __init__(self, pool: CountingPool, limit: int):
        """Makes the interceptor.

        Args:
            pool: The server's threads.
            limit: Most requests that may wait.
        """
        self._pool = pool
        self._limit = limit
        error = refusal(limit)

        def refuse(request, context):
            context.abort(error.code, error.details)

        # All threads of the server are busy, so the refusal has one of its own.
        refuse.experimental_thread_pool = futures.ThreadPoolExecutor(1, "refusal")  # type: ignore[attr-defined]
        self._refuse = grpc.unary_unary_rpc_method_handler(refuse)

    def intercept_service(self, continuation, handler_call_details):
        """Lets a request pass, or not."""
        if self._pool.waiting >= self._limit:
            return self._refuse
        return continuation(handler_call_details)
