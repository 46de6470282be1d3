"""Runs a SavedModel as a server does: with TensorFlow's C API, in a process without its Python.

A SavedModel that loads in Python may still fail on a server: a Python function, a missing variable
or an operation that needs XLA fails only when a signature runs. `run_in_c_api` therefore runs the
signatures in a new process (`c_api_session.py`) with only the C++ runtime.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from storage import saved_model
from tfvae.saved_model import c_api_session
from tfvae.saved_model.lint import ExportError

_BFLOAT16 = 14
_TF_TYPES = {
    numpy_type: data_type
    for data_type, numpy_type in c_api_session.NUMPY_TYPES.items()
    if data_type != _BFLOAT16
}


class CApiError(ExportError):
    """A SavedModel failed to load or to run through TensorFlow's C API."""


def find_library() -> Path:
    """Finds libtensorflow_cc in the installed package, without importing TensorFlow.

    Raises:
        CApiError: if TensorFlow is not installed, or its build has no such library.
    """
    spec = importlib.util.find_spec("tensorflow")
    if spec is None or spec.origin is None:
        raise CApiError("tensorflow is not installed; install it to run a SavedModel")
    library = Path(spec.origin).parent / "libtensorflow_cc.so.2"
    if not library.exists():
        raise CApiError(f"{library} is missing; install TensorFlow's Linux wheel, which has it")
    return library


def run_in_c_api(
    saved_model_path: str | os.PathLike[str],
    calls: Sequence[tuple[str, Mapping[str, Any]]],
    timeout_seconds: float = 600.0,
    prune: bool = False,
) -> list[dict[str, np.ndarray]]:
    """Runs signatures of a SavedModel with only TensorFlow's C++ runtime.

    A new process, which does not import TensorFlow, Keras or TFP in Python, loads the model once as
    the stock model server does (tag `serve`, automatic XLA disabled) and runs the calls in order.
    Inputs are not cast.

    Args:
        saved_model_path: directory with `saved_model.pb`.
        calls: (signature, {input name: array}) pairs. Strings are arrays or lists of `bytes`. An
            empty sequence only loads the model.
        timeout_seconds: Seconds allowed for everything.
        prune: Whether the first call of a signature prepares only the operations that it needs,
            which is faster for models of many signatures. The stock server prepares the whole graph
            for each signature, and its error messages do not begin with names of functions.

    Returns:
        For each call, arrays by output name; strings are object arrays of `bytes`.

    Raises:
        ValueError: if a signature is unknown, or the inputs are not those of the signature.
        CApiError: if loading or running fails (with the signature and TensorFlow's message).
    """
    answers: list[dict[str, np.ndarray]] = []
    outcomes = attempt_in_c_api(saved_model_path, calls, timeout_seconds, prune)
    for (signature, _), outcome in zip(calls, outcomes, strict=True):
        if isinstance(outcome, CApiError):
            what = f"signature {signature!r} failed in TensorFlow's C API"
            raise CApiError(f"{Path(saved_model_path).resolve()}: {what}: {outcome}")
        answers.append(outcome)
    return answers


def attempt_in_c_api(
    saved_model_path: str | os.PathLike[str],
    calls: Sequence[tuple[str, Mapping[str, Any]]],
    timeout_seconds: float = 600.0,
    prune: bool = False,
) -> list[dict[str, np.ndarray] | CApiError]:
    """Like `run_in_c_api`, but returns a CApiError for each call that fails.

    Raises:
        ValueError: if a signature is unknown, or the inputs are not those of the signature.
        CApiError: if the model does not load, or the process crashes or hangs.
    """
    path = Path(saved_model_path).resolve()
    signatures = saved_model.signatures(read_meta_graph(path))
    arrays: dict[str, np.ndarray] = {}
    spec = {
        "library": str(find_library()),
        "saved_model_path": str(path),
        "tags": ["serve"],
        "config": _session_config(prune).hex(),
        "calls": [
            _describe_call(signatures, number, signature, inputs, arrays)
            for number, (signature, inputs) in enumerate(calls)
        ],
    }
    with tempfile.TemporaryDirectory(prefix="tfvae_c_api_") as name:
        directory = Path(name)
        (directory / "spec.json").write_text(json.dumps(spec))
        np.savez(directory / "inputs.npz", **arrays)  # type: ignore[arg-type]
        _run_child(directory, path, timeout_seconds)
        report = json.loads((directory / "results.json").read_text())
        if "error" in report:
            raise CApiError(f"{path}: loading failed in TensorFlow's C API: {report['error']}")
        with np.load(directory / "outputs.npz") as archive:
            outputs = dict(archive)
    return [
        CApiError(answer["error"])
        if "error" in answer
        else {key: _decode(described, outputs) for key, described in answer["outputs"].items()}
        for answer in report["answers"]
    ]


def read_meta_graph(path: Path):
    """Returns the `serve` graph of saved_model.pb, a MetaGraphDef.

    Raises:
        CApiError: if the file is missing or damaged, or has no such graph.
    """
    from google.protobuf import message  # noqa: PLC0415
    from tensorflow.core.protobuf import saved_model_pb2  # noqa: PLC0415

    file = path / "saved_model.pb"
    if not file.is_file():
        raise CApiError(f"{file} does not exist; give the directory of one exported version")
    try:
        saved_model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    except message.DecodeError as error:
        raise CApiError(f"{file} is damaged or incomplete: {error}") from error
    for meta_graph in saved_model.meta_graphs:
        if list(meta_graph.meta_info_def.tags) == ["serve"]:
            return meta_graph
    raise CApiError(f"{file} has no graph tagged 'serve'; export one for serving")


def _session_config(prune: bool) -> bytes:
    from tensorflow.core.protobuf import config_pb2  # noqa: PLC0415

    config = config_pb2.ConfigProto()
    config.graph_options.place_pruned_graph = prune
    return config.SerializeToString()


def _describe_call(
    signatures: Mapping[str, Any],
    number: int,
    signature: str,
    inputs: Mapping[str, Any],
    arrays: dict[str, np.ndarray],
) -> dict[str, Any]:
    """Resolves names to graph tensors, and stores the input values in `arrays`."""
    if signature not in signatures:
        raise ValueError(f"signature {signature!r} not found; the model has {list(signatures)}")
    definition = signatures[signature]
    if set(inputs) != set(definition.inputs):
        raise ValueError(
            f"inputs of signature {signature!r} are {sorted(definition.inputs)}, "
            f"got {sorted(inputs)}"
        )
    feeds = {
        definition.inputs[name].name: _encode(value, f"{number}/{name}", arrays)
        for name, value in inputs.items()
    }
    return {
        "number": number,
        "feeds": feeds,
        "fetches": {name: info.name for name, info in definition.outputs.items()},
    }


def _encode(value: Any, key: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    array = np.asarray(value)
    shape = list(array.shape)
    if array.dtype.kind in "SO":
        # From the original, because NumPy's fixed-width bytes drop trailing zeros.
        flat = np.asarray(value, dtype=object).ravel()
        arrays[key], arrays[key + ".lengths"] = c_api_session.pack_strings(flat)
        return {"key": key, "dtype": c_api_session.TF_STRING, "shape": shape}
    if array.dtype.name == "bfloat16":
        arrays[key] = array.view(np.uint16)
        return {"key": key, "dtype": _BFLOAT16, "shape": shape}
    if array.dtype.name not in _TF_TYPES:
        raise ValueError(f"input {key!r} has dtype {array.dtype}, not one of {sorted(_TF_TYPES)}")
    arrays[key] = array
    return {"key": key, "dtype": _TF_TYPES[array.dtype.name], "shape": shape}


def _decode(described: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    data = arrays[described["key"]]
    if described["dtype"] == c_api_session.TF_STRING:
        strings = c_api_session.unpack_strings(data, arrays[described["key"] + ".lengths"])
        result = np.empty(len(strings), object)
        result[:] = strings
        return result.reshape(described["shape"])
    if described["dtype"] == _BFLOAT16:
        import ml_dtypes  # noqa: PLC0415

        return data.view(ml_dtypes.bfloat16)
    return data


def _run_child(directory: Path, path: Path, timeout_seconds: float) -> None:
    """Runs c_api_session.py on `directory`; raises CApiError if it crashes or hangs."""
    # -P keeps the script's folder out of sys.path, so that its modules shadow no others.
    command = [sys.executable, "-P", c_api_session.__file__, str(directory)]
    environment = {"TF_CPP_MIN_LOG_LEVEL": "1", **os.environ}
    try:
        child = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_seconds,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CApiError(f"{path}: no answer from the C API in {timeout_seconds:g} s") from error
    if child.returncode:
        code = child.returncode
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"exited with {code}"
        raise CApiError(
            f"{path}: the process running TensorFlow's C API {how}; it wrote:\n"
            f"{child.stderr[-4000:]}"
        )
