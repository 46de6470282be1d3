"""Parameters of dynamic batching, as in the stock server's batching_parameters_file."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass, field

from serving.config import config_files, config_pb2
from serving.config.config_files import ConfigError


@dataclass(frozen=True)
class BatchingParameters:
    """How to combine requests into batches; fields and defaults are the stock server's.

    Attributes:
        max_batch_size: Maximum rows of a request, and of a batch unless requests are split.
        batch_timeout_micros: Longest time, in microseconds, that the first request of a batch waits
            for others.
        max_enqueued_batches: Maximum number of waiting batches in a queue; further requests are
            refused.
        num_batch_threads: Number of batches that run at once, over all queues.
        allowed_batch_sizes: Increasing sizes that batches are padded to; empty allows any size.
        pad_variable_length_inputs: Whether rows of different shapes are padded with zeros.
        enable_large_batch_splitting: Whether a request may be split into several batches.
        max_execution_batch_size: Maximum rows of a batch; 0 means `max_batch_size`.
    """

    max_batch_size: int = 1000
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int = field(default_factory=lambda: os.cpu_count() or 1)
    allowed_batch_sizes: tuple[int, ...] = ()
    pad_variable_length_inputs: bool = False
    enable_large_batch_splitting: bool = False
    max_execution_batch_size: int = 0

    def __post_init__(self):
        if not self.max_execution_batch_size:
            object.__setattr__(self, "max_execution_batch_size", self.max_batch_size)
        for name in ("max_batch_size", "max_enqueued_batches", "num_batch_threads"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; give at least 1")
        if self.batch_timeout_micros < 0:
            raise ConfigError(
                f"batch_timeout_micros is {self.batch_timeout_micros}; give 0 or more"
            )
        largest = self.max_execution_batch_size
        if not 0 < largest <= self.max_batch_size:
            raise ConfigError(
                f"max_execution_batch_size is {largest}; give 1 to max_batch_size, "
                f"{self.max_batch_size}"
            )
        if largest < self.max_batch_size and not self.enable_large_batch_splitting:
            raise ConfigError(
                "max_execution_batch_size needs enable_large_batch_splitting { value: true }"
            )
        sizes = self.allowed_batch_sizes
        if sizes and (sizes[0] < 1 or any(a >= b for a, b in itertools.pairwise(sizes))):
            raise ConfigError(f"allowed_batch_sizes are {list(sizes)}; give increasing sizes")
        if sizes and sizes[-1] != largest:
            raise ConfigError(
                f"the last of allowed_batch_sizes is {sizes[-1]}; it must equal the largest batch, "
                f"{largest}"
            )

    def padded(self, rows: int) -> int:
        """Returns the size that a batch of `rows` rows is padded to."""
        return next((size for size in self.allowed_batch_sizes if size >= rows), rows)


def read(path: str) -> BatchingParameters:
    """Reads a batching_parameters_file; missing fields keep their defaults.

    Raises:
        ConfigError: The file cannot be read, or a value is out of range.
    """
    name = "batching_parameters_file"
    config = config_files.read(name, path, config_pb2.BatchingParameters())
    given = {
        descriptor.name: value.value if hasattr(value, "value") else value
        for descriptor, value in config.ListFields()
        if descriptor.name != "thread_pool_name"  # Names threads in traces, which are not written.
    }
    given["allowed_batch_sizes"] = tuple(config.allowed_batch_sizes)
    try:
        return BatchingParameters(**given)
    except ConfigError as error:
        raise ConfigError(f"--{name}={path}: {error}") from error
