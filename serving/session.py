"""A SavedModel in a TensorFlow session: checks a call against its signature and runs it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf import message
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2

from serving import errors
from serving.client import tensors

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
    timeout: a third of the cost of a TensorFlow 2 signature.

    Attributes:
        signatures: Signature name to SignatureDef.
    """

    def __init__(self, path: Path, threads: int = 0):
        """Loads the SavedModel.

        Args:
            path: Directory of one version, which holds `saved_model.pb`.
            threads: Threads within and between operations; 0 lets TensorFlow choose.

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
        self._callables: dict[tuple, Callable[..., list[np.ndarray]]] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Frees the session; no call may be running."""
        self._callables.clear()
        self._session.close()

    def signature(self, name: str) -> meta_graph_pb2.SignatureDef:
        """Finds a signature, `serving_default` when the name is empty.

        Raises:
            ServingError: FAILED_PRECONDITION, there is none of this name.
        """
        name = name or DEFAULT_SIGNATURE
        if name not in self.signatures:
            raise errors.ServingError(
                grpc.StatusCode.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.'
            )
        return self.signatures[name]

    def run(
        self,
        signature_name: str,
        inputs: Mapping[str, np.ndarray],
        output_filter: Sequence[str] = (),
        timeout: float | None = None,
    ) -> dict[str, np.ndarray]:
        """Runs a signature.

        Args:
            signature_name: A signature, `serving_default` when empty.
            inputs: Input name to array, of the signature's dtypes; default inputs may be left out.
            output_filter: Names of the outputs wanted; all when empty.
            timeout: Seconds until the computation is given up.

        Returns:
            Output name to array.

        Raises:
            ServingError: With the stock server's code and message.
        """
        signature = self.signature(signature_name)
        _check_names(signature, inputs)
        arrays = _input_arrays(signature, inputs)
        names = _output_names(signature, output_filter)
        fetches = {name: signature.outputs[name].name for name in names}
        feeds = [signature.inputs[name].name for name in arrays]
        run = self._callable(tuple(feeds), tuple(dict.fromkeys(fetches.values())), timeout)
        try:
            results = run(*arrays.values())
        except tf.errors.OpError as error:
            raise errors.from_tensorflow(error.error_code, error.message) from error
        by_tensor = dict(zip(dict.fromkeys(fetches.values()), results, strict=True))
        return {name: by_tensor[tensor] for name, tensor in fetches.items()}

    def _callable(
        self, feeds: tuple[str, ...], fetches: tuple[str, ...], timeout: float | None
    ) -> Callable[..., list[np.ndarray]]:
        # A callable has its timeout built in, so timeouts are rounded up to powers of two: gRPC
        # itself tells the client in time, this only ends the work.
        milliseconds = 0
        if timeout is not None and timeout <= 0:
            raise errors.ServingError(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
        if timeout is not None and timeout < _LONGEST_TIMEOUT:
            milliseconds = 2 ** max(0, math.ceil(math.log2(timeout * 1000)))
        key = (feeds, fetches, milliseconds)
        if key not in self._callables:
            options = config_pb2.CallableOptions(feed=feeds, fetch=fetches)
            options.run_options.timeout_in_ms = milliseconds
            with self._lock:
                if key not in self._callables:
                    self._callables[key] = self._session._make_callable_from_options(options)
        return self._callables[key]


def _check_whole(path: Path, meta_graph: meta_graph_pb2.MetaGraphDef) -> None:
    """TensorFlow loads a half-copied model without its variables, and fails at the first call."""
    has_variables = any(node.op == "VarHandleOp" for node in meta_graph.graph_def.node)
    if has_variables and not (path / "variables" / "variables.index").exists():
        raise errors.LoadError(f"{path} is not whole: variables/variables.index is missing")


def _join(names: Any) -> str:
    return ",".join(sorted(names))


def _check_names(signature: meta_graph_pb2.SignatureDef, inputs: Mapping[str, Any]) -> None:
    sent, known = set(inputs), set(signature.inputs)
    if len(sent) > len(known) or (len(sent) < len(known) and not signature.defaults):
        raise errors.invalid_argument(
            f"input size does not match signature: {len(sent)}!={len(known)} "
            f"len({{{_join(sent)}}}) != len({{{_join(known)}}}). "
            f"Sent extra: {{{_join(sent - known)}}}. "
            f"Missing but required: {{{_join(known - sent)}}}."
        )
    for name in sorted(known - sent - set(signature.defaults)):
        raise errors.invalid_argument(
            f"Signature input alias: {name}(feed name: {signature.inputs[name].name}) not found in "
            f"request and no default value provided. Inputs expected to be in the request "
            f"{{{_join(sent)}}}, or default input alias set: {_join(signature.defaults)}"
        )
    if sent - known:
        raise errors.invalid_argument(
            f"Inputs contains invalid name. Used request inputs: {_join(sent & known)}, "
            f"request input: {_join(sent)}"
        )


def _input_arrays(
    signature: meta_graph_pb2.SignatureDef, inputs: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The arrays to feed, in order of their names, dtypes checked: a session casts silently."""
    arrays = {}
    for index, name in enumerate(sorted(signature.inputs)):
        array = inputs[name] if name in inputs else tf.make_ndarray(signature.defaults[name])
        expected, provided = signature.inputs[name].dtype, tensors.data_type(array)
        if provided != expected:
            raise errors.invalid_argument(
                f"Expects arg[{index}] to be {tensors.data_type_name(expected)} but "
                f"{tensors.data_type_name(provided)} is provided"
            )
        arrays[name] = array
    return arrays


def _output_names(
    signature: meta_graph_pb2.SignatureDef, output_filter: Sequence[str]
) -> list[str]:
    for position, name in enumerate(output_filter):
        if name not in signature.outputs:
            raise errors.invalid_argument(
                f"output tensor alias not found in signature: {name} Outputs expected to be in "
                f"the set {{{_join(signature.outputs)}}}."
            )
        if name in output_filter[:position]:
            raise errors.invalid_argument(f"duplicate output tensor alias: {name}")
    return list(output_filter) or sorted(signature.outputs)
