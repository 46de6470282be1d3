"""Metrics for Prometheus under the stock server's names, and the path that serves them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import grpc
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from serving.config import config_files, config_pb2
from serving.config.config_files import ConfigError
from serving.errors import ServingError

DEFAULT_PATH = "/monitoring/prometheus/metrics"
_COUNT = ":tensorflow:serving:request_count"
# Microseconds, up to about twenty minutes, as in the stock server.
_BUCKETS = [10 * 1.8**power for power in range(33)]


def read_path(config_file: str) -> str | None:
    """Reads the path of the metrics page from a monitoring_config_file.

    Returns:
        The path; None if the file does not enable metrics.

    Raises:
        ConfigError: The file cannot be read or its path does not begin with a slash.
    """
    flag = "monitoring_config_file"
    config = config_files.read(flag, config_file, config_pb2.MonitoringConfig()).prometheus_config
    if config.path and not config.path.startswith("/"):
        raise ConfigError(f"--{flag}={config_file}: path is {config.path!r}; it must begin with /")
    return (config.path or DEFAULT_PATH) if config.enable else None


class Metrics:
    """Counts and times requests."""

    def __init__(self, served_name: Callable[[str], str]):
        """Creates the metrics.

        Args:
            served_name: Returns the name of a model if it is served, else an empty string, so
                that clients cannot create new time series.
        """
        self._served_name = served_name
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
        """Counts the request that runs inside the `with` block, and times it if it succeeds.

        Args:
            model: Name of the model in the request.
            api: Name of the method, such as Predict.
            entrypoint: GRPC or REST.
        """
        model = self._served_name(model)
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
        """Exports the number of waiting requests, read from `waiting` on every scrape."""
        self._waiting.labels(entrypoint).set_function(waiting)

    def page(self) -> bytes:
        """Returns the page that Prometheus scrapes."""
        # The library appends _total to a counter's name; the stock server does not.
        return generate_latest(self._registry).replace(f"{_COUNT}_total".encode(), _COUNT.encode())
