"""Metrics for Prometheus, under the stock server's names."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import grpc
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from serving.errors import ServingError

_COUNT = ":tensorflow:serving:request_count"
# Microseconds: as the stock server's, to about twenty minutes.
_BUCKETS = [10 * 1.8**power for power in range(33)]


class Metrics:
    """What is counted and timed."""

    def __init__(self):
        self._registry = CollectorRegistry()
        self._requests = Counter(
            _COUNT,
            "The total number of requests.",
            ["model_name", "status"],
            registry=self._registry,
        )
        self._latency = Histogram(
            ":tensorflow:serving:request_latency",
            "Distribution of wall time (in microseconds) for Tensorflow Serving request.",
            ["model_name", "API", "entrypoint"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._waiting = Gauge(
            ":tfvae:serving:waiting_requests",
            "Requests that wait for a thread.",
            ["entrypoint"],
            registry=self._registry,
        )

    @contextmanager
    def recorded(self, model: str, api: str, entrypoint: str) -> Iterator[None]:
        """Counts a request, which runs inside, and times it where it succeeds.

        Args:
            model: Name of a model that is served, else empty: what clients make up is not kept.
            api: Such as Predict.
            entrypoint: GRPC or REST.
        """
        status, start = grpc.StatusCode.OK, time.perf_counter()
        try:
            yield
        except ServingError as error:
            status = error.code
            raise
        finally:
            self._requests.labels(model, status.name).inc()
            if status is grpc.StatusCode.OK:
                microseconds = 1e6 * (time.perf_counter() - start)
                self._latency.labels(model, api, entrypoint).observe(microseconds)

    def watch_waiting(self, entrypoint: str, waiting: Callable[[], int]) -> None:
        """Shows how many requests wait, which `waiting` tells."""
        self._waiting.labels(entrypoint).set_function(waiting)

    def page(self) -> bytes:
        """The text that Prometheus reads."""
        # The library ends a counter's name in _total, the stock server does not.
        return generate_latest(self._registry).replace(f"{_COUNT}_total".encode(), _COUNT.encode())
