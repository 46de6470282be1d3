"""The embedded server, compared with TensorFlow's session and with gRPC alone.

Measures `decode` of a model: 32 rows per request, compared with the same rows in a bare session;
single rows, compared with a gRPC echo of the same bytes and with a minimal server that only runs
the session; single rows from 32 clients with and without dynamic batching; the 99th percentile of
the latency at half of the maximum rate, of the server and of the echo; and the time until the
server is ready. Server and client share the cores; for single rows the server has
--tensorflow_session_parallelism=1, which is best for many small requests. The sides take turns.

Run: python -m benchmarks.serving_speed --model_base_path=saved_models/factor_vae
"""

import os
import pathlib
import tempfile

import grpc
import numpy as np
from absl import app, flags

from benchmarks import measurement, serving_load
from benchmarks.serving_sides import BareSession, Server, write_request
from serving.client import messages_pb2, tensors

_BASE_PATH = flags.DEFINE_string(
    "model_base_path", "saved_models/factor_vae", "Directory of the versions of a model."
)
_ROUNDS = flags.DEFINE_integer("rounds", 7, "Turns per side.", lower_bound=1)
_SECONDS = flags.DEFINE_float("seconds", 5, "Length of a turn.", lower_bound=0.1)
_ON_BUSY = flags.DEFINE_bool(
    "on_busy_machine", False, "Count turns that other processes disturbed; nothing is saved."
)
_SIDES = "benchmarks.serving_sides"
_ROWS = 32
_CLIENTS = 8
_MANY = 32
# One batch per core, while the next one fills.
_BATCHING = """max_batch_size { value: 32 } num_batch_threads { value: 2 }
batch_timeout_micros { value: 1000 }"""
GOALS = {
    "batched / bare session": 0.7,
    "single / echo": 0.6,
    "dynamic batching / single": 1.5,
    "single a second": 4000,
    "p99 / median at half load": 3.0,
    "seconds until ready": 5.0,
}


def answer_of(server: Server, request: pathlib.Path) -> bytes:
    """Returns the bytes of an answer, for the echo."""
    with grpc.insecure_channel(server.address, serving_load.OPTIONS) as channel:
        return channel.unary_unary(serving_load.METHOD)(request.read_bytes())


def turn(session: BareSession, servers: dict[str, Server], requests: dict) -> dict[str, float]:
    """Runs one turn of every side; returns rates, and percentiles at half of the single rate."""
    seconds = _SECONDS.value
    request = messages_pb2.PredictRequest.FromString(requests["batch"].read_bytes())
    latent = tensors.decode(request.inputs["latent"])
    rates = {"bare session": session.images_a_second(latent, seconds)}
    plain, single, batching = servers["plain"], servers["single"], servers["batching"]
    loads = {
        "batched": plain.load(requests["batch"], 2, seconds),
        "echo": servers["echo"].load(requests["single"], _CLIENTS, seconds),
        "session behind gRPC": servers["session"].load(requests["single"], _CLIENTS, seconds),
        "single": single.load(requests["single"], _CLIENTS, seconds),
        "single of many": single.load(requests["single"], _MANY, seconds),
        "dynamic batching": batching.load(requests["single"], _MANY, seconds),
    }
    for name in ("single", "echo"):
        server, half = servers[name], loads[name]["rate"] / 2
        loads[f"{name} at half"] = server.load(requests["single"], _CLIENTS, seconds, half)
    for name, load in loads.items():
        if load["errors"]:
            raise RuntimeError(f"{name}: {load['errors']}")
        rates[name] = load["rate"]
    rates["batched"] *= _ROWS
    for name in ("single at half", "echo at half"):
        rates[f"{name}: median"], rates[f"{name}: p99"] = loads[name]["median"], loads[name]["p99"]
    return rates


def summary(turns: list[dict[str, float]], ready: list[float]) -> dict:
    """Returns the medians and the quantities that have goals."""
    columns = {name: [rates[name] for rates in turns] for name in turns[0]}
    pairs = {
        "batched / bare session": ("batched", "bare session"),
        "single / echo": ("single", "echo"),
        "single / session behind gRPC": ("single", "session behind gRPC"),
        "dynamic batching / single": ("dynamic batching", "single of many"),
        "p99 / median at half load": ("single at half: p99", "single at half: median"),
        "echo: p99 / median at half load": ("echo at half: p99", "echo at half: median"),
    }
    result: dict = {"rates": {name: round(float(np.median(v)), 2) for name, v in columns.items()}}
    for name, (ours, theirs) in pairs.items():
        result[name] = measurement.ratio(columns[ours], columns[theirs])
    result["single a second"] = result["rates"]["single"]
    result["seconds until ready"] = round(float(np.median(ready)), 2)
    result["goals"] = GOALS
    return result


def main(_) -> None:
    """Takes turns until enough of them are counted."""
    base_path = pathlib.Path(_BASE_PATH.value)
    if not any(base_path.glob("[0-9]*")):
        raise app.UsageError(f"--model_base_path={base_path} has no versions; export a model")
    session = BareSession(base_path)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        requests = {
            kind: write_request(folder / kind, "m", session.latents, rows)
            for kind, rows in (("single", 1), ("batch", _ROWS))
        }
        (folder / "batching").write_text(_BATCHING)
        model_flags = ["--model_name=m", f"--model_base_path={base_path}", "--port=0"]
        plain = Server(*model_flags)
        (folder / "answer").write_bytes(answer_of(plain, requests["single"]))
        threads = str(4 * (os.cpu_count() or 1))
        sides = [str(folder / "answer"), threads]
        parameters = f"--batching_parameters_file={folder}/batching"
        single_thread = "--tensorflow_session_parallelism=1"
        servers = {
            "plain": plain,
            "single": Server(*model_flags, single_thread),
            "batching": Server(*model_flags, single_thread, "--enable_batching", parameters),
            "echo": Server(*sides, program=_SIDES),
            "session": Server(*sides, str(base_path), program=_SIDES),
        }
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
    result = summary(quiet, [servers[name].seconds for name in ("plain", "single", "batching")])
    for name, goal in GOALS.items():
        print(f"{name:28} {result[name]} (goal {goal})")
    if not _ON_BUSY.value:
        measurement.save("serving_speed", {"machine": measurement.machine(), **result})


if __name__ == "__main__":
    app.run(main)
