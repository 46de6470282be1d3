"""A SavedModel in a TensorFlow session: checks a call against its signature and runs it."""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf import message
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2

from serving import errors
from serving.engine.batching import Arrays, Batcher, BatchQueue
from serving.engine.graph_loops import has_loop
from serving.engine.graph_signature import GraphSignature

_Tensors = tuple[str, ...]
DEFAULT_SIGNATURE = "serving_default"
_LONGEST_TIMEOUT = 1e6  # Seconds; a longer one is none, as gRPC calls without a deadline have.
# What importing a damaged or foreign graph raises.
_BROKEN = (
    *(tf.errors.OpError, message.DecodeError, OSError, RuntimeError),
    *(ValueError, LookupError, TypeError, AttributeError),
)


class SavedModelSession:
    """One version of a model, loaded; safe to use from many threads.

    Calls go through a callable of the session made once for each signature, set of outputs and
    timeout: a third of the cost of a TensorFlow 2 signature. One row through a graph without
    loops is computed in the calling thread.

    Attributes:
        signatures: Signature name to SignatureDef.
    """

    def __init__(self, path: Path, threads: int = 0, batcher: Batcher | None = None):
        """Loads the SavedModel.

        Args:
            path: Directory of one version, which holds `saved_model.pb`.
            threads: Threads within and between operations; 0 lets TensorFlow choose.
            batcher: Runs calls together that wait at the same time; None runs each alone.

        Raises:
            LoadError: It is not a whole SavedModel with the tag `serve`.
        """
        config = config_pb2.ConfigProto(
            intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads
        )
        graph = tf.Graph()
        self._session = tf.compat.v1.Session(graph=graph, config=config)
        try:
            with graph.as_default():
                meta_graph = tf.compat.v1.saved_model.load(self._session, ["serve"], str(path))
            _check_whole(path, meta_graph)
        except errors.LoadError:
            self._session.close()
            raise
        except _BROKEN as error:
            self._session.close()
            raise errors.LoadError(f"cannot load {path}: {error}") from error
        self.signatures: dict[str, meta_graph_pb2.SignatureDef] = {
            name: signature
            for name, signature in meta_graph.signature_def.items()
            if not name.startswith("__")
        }
        self._ready = {name: GraphSignature(name, value) for name, value in self.signatures.items()}
        outputs = {o.name for s in self.signatures.values() for o in s.outputs.values()}
        self._loops = {name for name in outputs if has_loop(meta_graph.graph_def, name)}
        self._batcher = batcher
        self._queues: dict[tuple[_Tensors, _Tensors], BatchQueue] = {}
        self._callables: dict[tuple[_Tensors, _Tensors, int, bool], Callable[..., Arrays]] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Frees the session; no call may be running."""
        self._callables.clear()
        self._session.close()

    def signature(self, name: str) -> GraphSignature:
        """Finds a signature, `serving_default` if the name is empty.

        Raises:
            UnknownSignature: The model has no signature of this name.
        """
        name = name or DEFAULT_SIGNATURE
        if name not in self._ready:
            raise errors.UnknownSignature(name)
        return self._ready[name]

    def run(
        self,
        signature: GraphSignature,
        inputs: Mapping[str, np.ndarray],
        output_filter: Sequence[str] = (),
        timeout: float | None = None,
    ) -> dict[str, np.ndarray]:
        """Runs a signature.

        Args:
            signature: A signature of this session.
            inputs: Input name to array of the signature's dtype; inputs with a default are
                optional.
            output_filter: Names of the wanted outputs; all if empty.
            timeout: Seconds until the computation is given up.

        Returns:
            Output name to array.

        Raises:
            ServingError: With the stock server's code and message.
        """
        arrays = signature.arrays(inputs)
        outputs = signature.outputs(output_filter)
        by_tensor = self.compute(signature.feeds, arrays, outputs.values(), timeout)
        return {name: by_tensor[tensor] for name, tensor in outputs.items()}

    def compute(
        self, feeds: _Tensors, arrays: Arrays, fetches: Iterable[str], timeout: float | None = None
    ) -> dict[str, np.ndarray]:
        """Computes tensors of the graph, together with requests that wait for the same ones.

        Args:
            feeds: Tensors that are fed.
            arrays: Their values, of their dtypes.
            fetches: Tensors wanted.
            timeout: Seconds until the computation is given up.

        Returns:
            Tensor to value.

        Raises:
            ServingError: With the stock server's code and message.
        """
        if timeout is not None and timeout <= 0:
            raise errors.deadline_exceeded()
        if timeout is not None and timeout >= _LONGEST_TIMEOUT:
            timeout = None
        wanted = tuple(sorted(set(fetches)))
        if self._batcher is None or not arrays:
            results = self._call(feeds, wanted, arrays, timeout)
        else:
            results = self._queue(feeds, wanted).run(arrays, timeout)
        return dict(zip(wanted, results, strict=True))

    def _queue(self, feeds: _Tensors, fetches: _Tensors) -> BatchQueue:
        assert self._batcher is not None
        with self._lock:
            if (feeds, fetches) not in self._queues:
                run = functools.partial(self._call, feeds, fetches)
                self._queues[feeds, fetches] = BatchQueue(self._batcher, run)
            return self._queues[feeds, fetches]

    def _call(
        self, feeds: _Tensors, fetches: _Tensors, arrays: Arrays, timeout: float | None
    ) -> Arrays:
        few_rows = all(array.ndim == 0 or len(array) <= 1 for array in arrays)
        here = few_rows and self._loops.isdisjoint(fetches)
        try:
            return self._callable(feeds, fetches, timeout, here)(*arrays)
        except tf.errors.OpError as error:
            raise errors.from_tensorflow(error.error_code, error.message) from error

    def _callable(
        self, feeds: _Tensors, fetches: _Tensors, timeout: float | None, here: bool
    ) -> Callable[..., Arrays]:
        milliseconds = 0
        if not here and timeout is not None:
            # A callable has its timeout built in, so timeouts are rounded up to powers of two:
            # gRPC itself tells the client in time, this only ends the work.
            milliseconds = 2 ** max(0, math.ceil(math.log2(max(timeout, 0.001) * 1000)))
        key = (feeds, fetches, milliseconds, here)
        if key not in self._callables:
            options = config_pb2.CallableOptions(feed=feeds, fetch=fetches)
            options.run_options.timeout_in_ms = milliseconds
            # -1 is the calling thread: it saves half of the time but heeds no timeout, which is
            # good for what takes milliseconds.
            options.run_options.inter_op_thread_pool = -1 if here else 0
            with self._lock:
                if key not in self._callables:
                    self._callables[key] = self._session._make_callable_from_options(options)
        return self._callables[key]


def _check_whole(path: Path, meta_graph: meta_graph_pb2.MetaGraphDef) -> None:
    """TensorFlow loads a half-copied model without its variables, and fails at the first call."""
    has_variables = any(node.op == "VarHandleOp" for node in meta_graph.graph_def.node)
    if has_variables and not (path / "variables" / "variables.index").exists():
        raise errors.LoadError(f"{path} is not whole: variables/variables.index is missing")
