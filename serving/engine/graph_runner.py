"""Computes tensors of a loaded graph, with a timeout."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection

import tensorflow as tf
from tensorflow.core.protobuf import config_pb2

from serving import errors
from serving.engine.batching import Arrays

Tensors = tuple[str, ...]


class GraphRunner:
    """Runs a graph through callables of its session; safe to use from many threads.

    A callable is made once for each set of tensors and timeout, and reused: a call costs a third of
    a TensorFlow 2 signature. A single row is computed in the calling thread if the graph has no
    loops.
    """

    def __init__(self, session: tf.compat.v1.Session, loops: Collection[str]):
        """Creates the runner.

        Args:
            session: Session with the graph.
            loops: Names of the tensors that need a loop to be computed.
        """
        self._session = session
        self._loops = frozenset(loops)
        self._callables: dict[tuple[Tensors, Tensors, int, bool], Callable[..., Arrays]] = {}
        self._lock = threading.Lock()

    def run(
        self, feeds: Tensors, fetches: Tensors, arrays: Arrays, timeout: float | None
    ) -> Arrays:
        """Computes tensors.

        Args:
            feeds: Names of the tensors to feed.
            fetches: Names of the tensors to compute.
            arrays: Values of `feeds`, of the same dtypes.
            timeout: Seconds until the computation is given up; None for no limit.

        Returns:
            Values of `fetches`.

        Raises:
            ServingError: TensorFlow's error.
        """
        few_rows = all(array.ndim == 0 or len(array) <= 1 for array in arrays)
        here = few_rows and self._loops.isdisjoint(fetches)
        try:
            return self._callable(feeds, fetches, timeout, here)(*arrays)
        except tf.errors.OpError as error:
            raise errors.from_tensorflow(error.error_code, error.message) from error

    def close(self) -> None:
        """Frees the callables, which must not outlive the session."""
        self._callables.clear()

    def _callable(
        self, feeds: Tensors, fetches: Tensors, timeout: float | None, here: bool
    ) -> Callable[..., Arrays]:
        milliseconds = 0
        if not here and timeout is not None:
            # Each callable has a fixed timeout. Rounding up to powers of two keeps them few; gRPC
            # itself answers the client in time, this only ends the computation.
            milliseconds = 2 ** max(0, math.ceil(math.log2(max(timeout, 0.001) * 1000)))
        key = (feeds, fetches, milliseconds, here)
        if key not in self._callables:
            options = config_pb2.CallableOptions(feed=feeds, fetch=fetches)
            options.run_options.timeout_in_ms = milliseconds
            # -1 runs in the calling thread: it halves the time of a short call, but ignores
            # timeouts.
            options.run_options.inter_op_thread_pool = -1 if here else 0
            with self._lock:
                if key not in self._callables:
                    self._callables[key] = self._session._make_callable_from_options(options)
        return self._callables[key]
