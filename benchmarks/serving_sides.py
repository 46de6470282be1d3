"""Servers and clients of the serving benchmarks, each in its own process."""

import json
import os
import pathlib
import re
import subprocess
import sys
import time
from concurrent import futures

import grpc
import numpy as np

from serving.client import messages_pb2, tensors

ROOT = pathlib.Path(__file__).parents[1]


class Server:
    """A model server or an echo server; `seconds` is the time until it was ready.

    Args:
        arguments: arguments of the program.
        program: a module that prints its address in the first line on stdout.
        checkout: directory of the code to run.
    """

    def __init__(
        self, *arguments: str, program: str = "serving.server", checkout: pathlib.Path = ROOT
    ):
        start = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", program, *arguments],
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": str(checkout)},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        line = self.process.stdout.readline()
        self.seconds = time.perf_counter() - start
        match = re.search(r"127\.0\.0\.1:\d+", line)
        if match is None:
            raise RuntimeError(f"{self.process.args} did not start")
        self.address = match[0]

    def load(self, request: pathlib.Path, clients: int, seconds: float, rate: float = 0) -> dict:
        """Runs a client and returns its measurements; see `serving_load`."""
        numbers = [str(number) for number in (clients, seconds, rate)]
        command = [sys.executable, "-m", "benchmarks.serving_load", self.address, str(request)]
        output = subprocess.run([*command, *numbers], cwd=ROOT, check=True, stdout=subprocess.PIPE)
        return json.loads(output.stdout)

    def memory(self) -> int:
        """Returns the resident bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return 1024 * int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def close(self) -> None:
        """Stops it."""
        self.process.terminate()
        self.process.wait(timeout=60)


def write_request(path: pathlib.Path, name: str, latents: int, rows: int) -> pathlib.Path:
    """Writes a request to decode latents [rows, latents], and returns `path`."""
    latent = np.random.default_rng(0).normal(size=(rows, latents)).astype(np.float32)
    request = messages_pb2.PredictRequest(model_spec={"name": name, "signature_name": "decode"})
    request.inputs["latent"].CopyFrom(tensors.encode_content(latent))
    path.write_bytes(request.SerializeToString())
    return path


class BareSession:
    """Runs `decode` in this process, without a server.

    Args:
        base_path: directory of the versions of a model.
        threads: threads per operation; 0 for TensorFlow's default.
    """

    def __init__(self, base_path: pathlib.Path, threads: int = 0):
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import tensorflow as tf  # noqa: PLC0415
        from tensorflow.core.protobuf import config_pb2  # noqa: PLC0415

        graph = tf.Graph()
        config = config_pb2.ConfigProto(intra_op_parallelism_threads=threads)
        self._session = tf.compat.v1.Session(graph=graph, config=config)
        version = max(base_path.glob("[0-9]*"), key=lambda path: int(path.name))
        with graph.as_default():
            loaded = tf.compat.v1.saved_model.load(self._session, ["serve"], str(version))
        decode = loaded.signature_def["decode"]
        self.latents = decode.inputs["latent"].tensor_shape.dim[1].size
        options = config_pb2.CallableOptions(
            feed=[decode.inputs["latent"].name], fetch=[decode.outputs["image"].name]
        )
        if threads:  # the calling thread
            options.run_options.inter_op_thread_pool = -1
        self.decode = self._session._make_callable_from_options(options)

    def images_a_second(self, latent: np.ndarray, seconds: float) -> float:
        """Returns the images of a loop over `latent`."""
        count, start = 0, time.perf_counter()
        while time.perf_counter() < start + seconds:
            self.decode(latent)
            count += len(latent)
        return count / (time.perf_counter() - start)


def echo(answer: bytes, threads: int, base_path: str = "") -> None:
    """Answers every request with `answer`, to measure the cost of gRPC alone.

    With a model in `base_path`, one row is decoded first, to include the session.
    """
    session = BareSession(pathlib.Path(base_path), threads=1) if base_path else None
    latent = np.zeros([1, session.latents if session else 0], np.float32)

    def predict(request, context):
        if session is not None:
            session.decode(latent)
        return answer

    handlers = {"Predict": grpc.unary_unary_rpc_method_handler(predict)}
    service = grpc.method_handlers_generic_handler("tensorflow.serving.PredictionService", handlers)
    server = grpc.server(futures.ThreadPoolExecutor(threads))
    server.add_generic_rpc_handlers((service,))
    print(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}", flush=True)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    echo(pathlib.Path(sys.argv[1]).read_bytes(), int(sys.argv[2]), *sys.argv[3:])
