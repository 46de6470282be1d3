"""The embedded server against TensorFlow's session and against gRPC alone.

`decode` of a model: 32 rows a request against the same rows in a bare session; single rows against
a bare gRPC echo of the same bytes; single rows of 32 clients with and without dynamic batching;
the 99th percentile of the answers at half of the highest rate; the time until the server is ready.
Server and client share the cores. The sides take turns.

Run: python -m benchmarks.serving_speed --model_base_path=saved_models/factor_vae
"""

import os
import pathlib
import tempfile
import time

import grpc
import numpy as np
from absl import app, flags

from benchmarks import measurement, serving_load
from benchmarks.serving_sides import Server, write_request
from serving.client import messages_pb2, tensors

_BASE_PATH = flags.DEFINE_string(
    "model_base_path", "saved_models/factor_vae", "Directory of the versions of a model."
)
_ROUNDS = flags.DEFINE_integer("rounds", 7, "Turns of each side.", lower_bound=1)
_SECONDS = flags.DEFINE_float("seconds", 5, "Length of a turn.", lower_bound=0.1)
_ON_BUSY = flags.DEFINE_bool(
    "on_busy_machine", False, "Count turns that other processes disturbed; nothing is saved."
)
_ROWS = 32
_CLIENTS = 8
_MANY = 32
# One batch at a time uses all cores; the next fills meanwhile.
_BATCHING = """max_batch_size { value: 32 } num_batch_threads { value: 1 }
batch_timeout_micros { value: 1000 }"""
GOALS = {
    "batched / bare session": 0.7,
    "single / echo": 0.6,
    "dynamic batching / single": 1.5,
    "single a second": 4000,
    "p99 / median at half load": 3.0,
    "seconds until ready": 5.0,
}


class BareSession:
    """Runs `decode` in this process, without a server."""

    def __init__(self, base_path: pathlib.Path):
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import tensorflow as tf  # noqa: PLC0415
        from tensorflow.core.protobuf import config_pb2  # noqa: PLC0415

        graph = tf.Graph()
        self._session = tf.compat.v1.Session(graph=graph)
        version = max(base_path.glob("[0-9]*"), key=lambda path: int(path.name))
        with graph.as_default():
            loaded = tf.compat.v1.saved_model.load(self._session, ["serve"], str(version))
        decode = loaded.signature_def["decode"]
        self.latents = decode.inputs["latent"].tensor_shape.dim[1].size
        options = config_pb2.CallableOptions(
            feed=[decode.inputs["latent"].name], fetch=[decode.outputs["image"].name]
        )
        self.decode = self._session._make_callable_from_options(options)

    def images_a_second(self, latent: np.ndarray, seconds: float) -> float:
        """Returns the images of a loop over `latent`."""
        count, start = 0, time.perf_counter()
        while time.perf_counter() < start + seconds:
            self.decode(latent)
            count += len(latent)
        return count / (time.perf_counter() - start)


def answer_of(server: Server, request: pathlib.Path) -> bytes:
    """Returns the bytes of an answer, for the echo."""
    with grpc.insecure_channel(server.address, serving_load.OPTIONS) as channel:
        return channel.unary_unary(serving_load.METHOD)(request.read_bytes())


def turn(session: BareSession, servers: dict[str, Server], requests: dict) -> dict[str, float]:
    """Returns one turn of every side: rates, and the percentiles of half of the single rate."""
    seconds = _SECONDS.value
    request = messages_pb2.PredictRequest.FromString(requests["batch"].read_bytes())
    latent = tensors.decode(request.inputs["latent"])
    rates = {"bare session": session.images_a_second(latent, seconds)}
    plain, batching = servers["plain"], servers["batching"]
    loads = {
        "batched": plain.load(requests["batch"], 2, seconds),
        "echo": servers["echo"].load(requests["single"], _CLIENTS, seconds),
        "single": plain.load(requests["single"], _CLIENTS, seconds),
        "single of many": plain.load(requests["single"], _MANY, seconds),
        "dynamic batching": batching.load(requests["single"], _MANY, seconds),
    }
    half = loads["single"]["rate"] / 2
    loads["half"] = plain.load(requests["single"], _CLIENTS, seconds, half)
    for name, load in loads.items():
        if load["errors"]:
            raise RuntimeError(f"{name}: {load['errors']}")
        rates[name] = load["rate"]
    rates["batched"] *= _ROWS
    rates["half: median"], rates["half: p99"] = loads["half"]["median"], loads["half"]["p99"]
    return rates


def summary(turns: list[dict[str, float]], ready: list[float]) -> dict:
    """Returns the medians and what the goals are set for."""
    columns = {name: [rates[name] for rates in turns] for name in turns[0]}
    pairs = {
        "batched / bare session": ("batched", "bare session"),
        "single / echo": ("single", "echo"),
        "dynamic batching / single": ("dynamic batching", "single of many"),
        "p99 / median at half load": ("half: p99", "half: median"),
    }
    result: dict = {"rates": {name: round(float(np.median(v)), 2) for name, v in columns.items()}}
    for name, (ours, theirs) in pairs.items():
        result[name] = measurement.ratio(columns[ours], columns[theirs])
    result["single a second"] = result["rates"]["single"]
    result["seconds until ready"] = round(float(np.median(ready)), 2)
    result["goals"] = GOALS
    return result


def main(_) -> None:
    """Takes turns until enough of them are undisturbed."""
    base_path = pathlib.Path(_BASE_PATH.value)
    if not any(base_path.glob("[0-9]*")):
        raise app.UsageError(f"--model_base_path={base_path} holds no version; export a model")
    session = BareSession(base_path)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        requests = {
            kind: write_request(folder / kind, "m", session.latents, rows)
            for kind, rows in (("single", 1), ("batch", _ROWS))
        }
        (folder / "batching").write_text(_BATCHING)
        flags_of_both = ["--model_name=m", f"--model_base_path={base_path}", "--port=0"]
        plain = Server(*flags_of_both)
        (folder / "answer").write_bytes(answer_of(plain, requests["single"]))
        threads = str(4 * (os.cpu_count() or 1))
        echo = Server(str(folder / "answer"), threads, program="benchmarks.serving_sides")
        parameters = f"--batching_parameters_file={folder}/batching"
        batching = Server(*flags_of_both, "--enable_batching", parameters)
        servers = {"plain": plain, "echo": echo, "batching": batching}
        others = measurement.Others(
            [os.getpid(), *(server.process.pid for server in servers.values())]
        )
        turns = []
        for _ in range(_ROUNDS.value):
            others.share()
            rates = turn(session, servers, requests)
            share = others.share()
            line = "  ".join(f"{name} {value:,.1f}" for name, value in rates.items())
            print(f"{line}  others {share:.1%} of the cores", flush=True)
            turns.append((share, rates))
        for server in servers.values():
            server.close()
    quiet = [rates for share, rates in turns if share < measurement.QUIET or _ON_BUSY.value]
    if not _ON_BUSY.value:
        measurement.require_quiet(len(quiet), len(turns))
    result = summary(quiet, [plain.seconds, batching.seconds])
    for name, goal in GOALS.items():
        print(f"{name:28} {result[name]} (goal {goal})")
    if not _ON_BUSY.value:
        measurement.save("serving_speed", {"machine": measurement.machine(), **result})


if __name__ == "__main__":
    app.run(main)
