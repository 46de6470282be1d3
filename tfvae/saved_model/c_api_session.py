"""Runs SavedModel signatures with TensorFlow's C API; a script that does not import TensorFlow.

`tfvae.saved_model.c_api` starts this file as a program, `python c_api_session.py DIRECTORY`. It
reads DIRECTORY/spec.json and DIRECTORY/inputs.npz and writes DIRECTORY/results.json and
DIRECTORY/outputs.npz. It imports only ctypes, NumPy and the standard library, so a model that runs
here also runs in other programs with TensorFlow's C++ runtime, such as a model server.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

TF_STRING = 7
# tensorflow/core/framework/types.proto: DataType to NumPy; bfloat16 (14) is passed as its bits.
NUMPY_TYPES: dict[int, str] = {
    1: "float32",
    2: "float64",
    3: "int32",
    4: "uint8",
    5: "int16",
    6: "int8",
    9: "int64",
    10: "bool",
    14: "uint16",
    17: "uint16",
    19: "float16",
    22: "uint32",
    23: "uint64",
}
_TSTRING_BYTES = 24  # sizeof(TF_TString)


class TensorFlowError(RuntimeError):
    """A status other than OK from TensorFlow, with its message."""


class _Output(ctypes.Structure):
    """TF_Output: one output of one operation."""

    _fields_ = [("operation", ctypes.c_void_p), ("index", ctypes.c_int)]


def pack_strings(values: Iterable[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """Concatenates byte strings.

    Args:
        values: n byte strings.

    Returns:
        Their bytes, uint8 [sum of lengths], and their lengths, int64 [n].
    """
    values = list(values)
    data = np.frombuffer(b"".join(values), np.uint8)
    return data, np.array([len(value) for value in values], np.int64)


def unpack_strings(data: np.ndarray, lengths: np.ndarray) -> list[bytes]:
    """Inverts `pack_strings`."""
    ends = np.cumsum(lengths)
    raw = data.tobytes()
    return [raw[end - length : end] for end, length in zip(ends, lengths, strict=True)]


def load_library(path: str) -> ctypes.CDLL:
    """Opens libtensorflow_cc as the stock model server runs it, without automatic XLA.

    Args:
        path: path of the shared library.

    Returns:
        The library, loaded with local symbols.
    """
    library = ctypes.CDLL(path, mode=os.RTLD_LOCAL | os.RTLD_NOW)
    library._ZN10tensorflow21DisableXlaCompilationEv()
    for function in (
        library.TF_NewStatus,
        library.TF_NewGraph,
        library.TF_NewSessionOptions,
        library.TF_LoadSessionFromSavedModel,
        library.TF_GraphOperationByName,
        library.TF_AllocateTensor,
        library.TF_TensorData,
        library.TF_StringGetDataPointer,
    ):
        function.restype = ctypes.c_void_p
    library.TF_StringGetSize.restype = ctypes.c_size_t
    library.TF_TensorByteSize.restype = ctypes.c_size_t
    library.TF_Message.restype = ctypes.c_char_p
    library.TF_Dim.restype = ctypes.c_int64
    return library


class Session:
    """One SavedModel loaded through TF_LoadSessionFromSavedModel.

    Args:
        library: libtensorflow_cc, as `load_library` returns it.
        path: Directory of the SavedModel.
        tags: Tags of its graph.
        config: A serialised ConfigProto; TensorFlow's defaults if empty.

    Raises:
        TensorFlowError: The model does not load, or `config` is not a ConfigProto.
    """

    def __init__(self, library: ctypes.CDLL, path: str, tags: list[str], config: bytes = b""):
        self._library = library
        self._status = ctypes.c_void_p(library.TF_NewStatus())
        self._graph = ctypes.c_void_p(library.TF_NewGraph())
        options = ctypes.c_void_p(library.TF_NewSessionOptions())
        library.TF_SetConfig(options, config, ctypes.c_size_t(len(config)), self._status)
        self._check()
        tag_array = (ctypes.c_char_p * len(tags))(*[tag.encode() for tag in tags])
        self._session = ctypes.c_void_p(
            library.TF_LoadSessionFromSavedModel(
                options,
                None,
                path.encode(),
                tag_array,
                len(tags),
                self._graph,
                None,
                self._status,
            )
        )
        self._check()

    def _check(self) -> None:
        if self._library.TF_GetCode(self._status):
            message = self._library.TF_Message(self._status) or b""
            raise TensorFlowError(message.decode(errors="replace"))

    def _endpoint(self, tensor_name: str) -> _Output:
        operation, _, index = tensor_name.partition(":")
        pointer = self._library.TF_GraphOperationByName(self._graph, operation.encode())
        if not pointer:
            raise TensorFlowError(f"the graph has no operation {operation!r}")
        return _Output(pointer, int(index or 0))

    def run(
        self, feeds: Mapping[str, ctypes.c_void_p], fetches: list[str]
    ) -> list[ctypes.c_void_p]:
        """Runs the graph once.

        Args:
            feeds: TF_Tensors by tensor name.
            fetches: names of the tensors to return.

        Returns:
            A TF_Tensor for each fetch; the caller deletes them.

        Raises:
            TensorFlowError: if TensorFlow returns an error, with its message.
        """
        inputs = (_Output * len(feeds))(*[self._endpoint(name) for name in feeds])
        values = (ctypes.c_void_p * len(feeds))(*[tensor.value for tensor in feeds.values()])
        outputs = (_Output * len(fetches))(*[self._endpoint(name) for name in fetches])
        results = (ctypes.c_void_p * len(fetches))()
        self._library.TF_SessionRun(
            self._session,
            *(None, inputs, values, len(feeds)),
            *(outputs, results, len(fetches)),
            *(None, 0, None, self._status),
        )
        self._check()
        return [ctypes.c_void_p(result) for result in results]


class Tensors:
    """Converts NumPy arrays to TF_Tensors and back."""

    def __init__(self, library: ctypes.CDLL):
        self._library = library

    def _allocate(self, dtype: int, shape: list[int], size: int) -> ctypes.c_void_p:
        dims = (ctypes.c_int64 * len(shape))(*shape)
        return ctypes.c_void_p(
            self._library.TF_AllocateTensor(dtype, dims, len(shape), ctypes.c_size_t(size))
        )

    def _strings(self, tensor: ctypes.c_void_p, count: int) -> list[ctypes.c_void_p]:
        start = self._library.TF_TensorData(tensor) or 0
        return [ctypes.c_void_p(start + _TSTRING_BYTES * i) for i in range(count)]

    def create(self, spec: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> ctypes.c_void_p:
        """Creates a TF_Tensor from the array in `arrays` that `spec` (key, dtype, shape) names."""
        data, shape = np.ascontiguousarray(arrays[spec["key"]]), spec["shape"]
        if spec["dtype"] != TF_STRING:
            tensor = self._allocate(spec["dtype"], shape, data.nbytes)
            if data.nbytes:
                source = ctypes.c_void_p(data.ctypes.data)
                ctypes.memmove(self._library.TF_TensorData(tensor), source, data.nbytes)
            return tensor
        values = unpack_strings(data, arrays[spec["key"] + ".lengths"])
        tensor = self._allocate(TF_STRING, shape, _TSTRING_BYTES * len(values))
        for pointer, value in zip(self._strings(tensor, len(values)), values, strict=True):
            self._library.TF_StringInit(pointer)
            self._library.TF_StringCopy(pointer, value, ctypes.c_size_t(len(value)))
        return tensor

    def read(self, tensor: ctypes.c_void_p, key: str, arrays: dict[str, np.ndarray]) -> dict:
        """Stores the tensor's values in `arrays` as `key`; returns its key, dtype and shape."""
        dtype = self._library.TF_TensorType(tensor)
        rank = self._library.TF_NumDims(tensor)
        shape = [self._library.TF_Dim(tensor, i) for i in range(rank)]
        count = int(np.prod(shape, dtype=np.int64))
        if dtype == TF_STRING:
            arrays[key], arrays[key + ".lengths"] = pack_strings(
                ctypes.string_at(
                    self._library.TF_StringGetDataPointer(pointer),
                    self._library.TF_StringGetSize(pointer),
                )
                for pointer in self._strings(tensor, count)
            )
        elif dtype in NUMPY_TYPES:
            size = self._library.TF_TensorByteSize(tensor)
            raw = ctypes.string_at(self._library.TF_TensorData(tensor), size) if size else b""
            arrays[key] = np.frombuffer(raw, NUMPY_TYPES[dtype]).reshape(shape)
        else:
            raise TensorFlowError(f"output {key!r} has unsupported data type {dtype}")
        return {"key": key, "dtype": dtype, "shape": shape}

    def delete(self, tensor: ctypes.c_void_p, *, own_strings: bool) -> None:
        """Frees a tensor, and its strings if `create` allocated them."""
        if own_strings and self._library.TF_TensorType(tensor) == TF_STRING:
            count = self._library.TF_TensorByteSize(tensor) // _TSTRING_BYTES
            for pointer in self._strings(tensor, count):
                self._library.TF_StringDealloc(pointer)
        self._library.TF_DeleteTensor(tensor)


def run_call(
    session: Session,
    tensors: Tensors,
    call: Mapping[str, Any],
    inputs: Mapping[str, np.ndarray],
    outputs: dict[str, np.ndarray],
) -> dict[str, dict]:
    """Runs one signature; returns (key, dtype, shape) by output name, and stores the values."""
    feeds = {name: tensors.create(spec, inputs) for name, spec in call["feeds"].items()}
    fetches = call["fetches"]
    results = session.run(feeds, list(fetches.values()))
    described = {
        name: tensors.read(result, f"{call['number']}/{name}", outputs)
        for name, result in zip(fetches, results, strict=True)
    }
    # An output may share its input's buffer, so read everything before freeing anything.
    for result in results:
        tensors.delete(result, own_strings=False)
    for tensor in feeds.values():
        tensors.delete(tensor, own_strings=True)
    return described


def main(directory: Path) -> None:
    """Runs the calls in DIRECTORY/spec.json; errors are written to the results, not raised."""
    spec = json.loads((directory / "spec.json").read_text())
    outputs: dict[str, np.ndarray] = {}
    answers: list[dict] = []
    report: dict[str, Any] = {"answers": answers}
    try:
        library = load_library(spec["library"])
        config = bytes.fromhex(spec["config"])
        session = Session(library, spec["saved_model_path"], spec["tags"], config)
        with np.load(directory / "inputs.npz") as archive:
            inputs = dict(archive)
        tensors = Tensors(library)
        for call in spec["calls"]:
            try:
                answers.append({"outputs": run_call(session, tensors, call, inputs, outputs)})
            except TensorFlowError as error:
                answers.append({"error": str(error)})
    except (TensorFlowError, OSError) as error:
        report["error"] = str(error)
    np.savez(directory / "outputs.npz", **outputs)  # type: ignore[arg-type]
    (directory / "results.json").write_text(json.dumps(report))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
