"""Loads a SavedModel into a TensorFlow session and runs its signatures."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf import message
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2

from serving import errors
from serving.engine.batching import Arrays, Batcher, BatchQueue
from serving.engine.graph_loops import has_loop
from serving.engine.graph_runner import GraphRunner, Tensors
from serving.engine.graph_signature import GraphSignature
from storage import saved_model

DEFAULT_SIGNATURE = "serving_default"
_LONGEST_TIMEOUT = 1e6  # Seconds. gRPC reports longer ones for calls without a deadline.
# Errors of importing a damaged or unsupported graph.
_BROKEN = (
    *(tf.errors.OpError, message.DecodeError, OSError, RuntimeError),
    *(ValueError, LookupError, TypeError, AttributeError),
)


class SavedModelSession:
    """A loaded version of a model; safe to use from many threads.

    Attributes:
        signatures: Signature name to SignatureDef.
    """

    def __init__(self, path: Path, threads: int = 0, batcher: Batcher | None = None):
        """Loads the SavedModel.

        Args:
            path: Directory of one version, with `saved_model.pb`.
            threads: Threads within and between operations; 0 lets TensorFlow choose.
            batcher: Combines concurrent calls into batches; None runs each call alone.

        Raises:
            LoadError: The directory is not a complete SavedModel with the tag `serve`.
        """
        config = config_pb2.ConfigProto(
            intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads
        )
        # The first call of a signature then prepares that signature alone, not the whole graph: a
        # model of 30 signatures is ready in half of the time.
        config.graph_options.place_pruned_graph = True
        graph = tf.Graph()
        self._session = tf.compat.v1.Session(graph=graph, config=config)
        try:
            with graph.as_default():
                meta_graph = tf.compat.v1.saved_model.load(self._session, ["serve"], str(path))
            if missing := saved_model.first_missing(path, meta_graph):
                raise errors.LoadError(f"{path} is not whole: {missing} is missing")
        except errors.LoadError:
            self._session.close()
            raise
        except _BROKEN as error:
            self._session.close()
            raise errors.LoadError(f"cannot load {path}: {error}") from error
        self.signatures: dict[str, meta_graph_pb2.SignatureDef] = saved_model.signatures(meta_graph)
        self._graph_signatures = {
            name: GraphSignature(name, value) for name, value in self.signatures.items()
        }
        outputs = {o.name for s in self.signatures.values() for o in s.outputs.values()}
        loops = {name for name in outputs if has_loop(meta_graph.graph_def, name)}
        self._runner = GraphRunner(self._session, loops)
        self._batcher = batcher
        self._queues: dict[tuple[Tensors, Tensors], BatchQueue] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Frees the session. No call may be in progress."""
        self._runner.close()
        self._session.close()

    def signature(self, name: str) -> GraphSignature:
        """Finds a signature, `serving_default` if the name is empty.

        Raises:
            UnknownSignature: The model has no signature of this name.
        """
        name = name or DEFAULT_SIGNATURE
        if name not in self._graph_signatures:
            raise errors.UnknownSignature(name)
        return self._graph_signatures[name]

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
        self, feeds: Tensors, arrays: Arrays, fetches: Iterable[str], timeout: float | None = None
    ) -> dict[str, np.ndarray]:
        """Computes tensors of the graph, in a batch with other calls if there is a batcher.

        Args:
            feeds: Names of the tensors to feed.
            arrays: Values of these tensors, of the same dtypes.
            fetches: Names of the tensors to compute.
            timeout: Seconds until the computation is given up.

        Returns:
            Tensor name to value.

        Raises:
            ServingError: With the stock server's code and message.
        """
        if timeout is not None and timeout <= 0:
            raise errors.deadline_exceeded()
        if timeout is not None and timeout >= _LONGEST_TIMEOUT:
            timeout = None
        wanted = tuple(sorted(set(fetches)))
        if self._batcher is None or not arrays:
            results = self._runner.run(feeds, wanted, arrays, timeout)
        else:
            results = self._queue(feeds, wanted).run(arrays, timeout)
        return dict(zip(wanted, results, strict=True))

    def _queue(self, feeds: Tensors, fetches: Tensors) -> BatchQueue:
        assert self._batcher is not None
        with self._lock:
            if (feeds, fetches) not in self._queues:
                run = functools.partial(self._runner.run, feeds, fetches)
                self._queues[feeds, fetches] = BatchQueue(self._batcher, run)
            return self._queues[feeds, fetches]
