"""The embedded server at saturation: no errors except UNAVAILABLE, and constant memory.

More clients than the server's threads and queue can serve send single requests continuously.

Run: python -m benchmarks.serving_saturation --minutes=10
"""

import pathlib
import tempfile

from absl import app, flags

from benchmarks.serving_sides import Server, write_request

_BASE_PATH = flags.DEFINE_string(
    "model_base_path", "saved_models/factor_vae", "Directory of the versions of a model."
)
_LATENTS = flags.DEFINE_integer("latents", 10, "Number of latent dimensions.")
_MINUTES = flags.DEFINE_float("minutes", 10, "Duration.", lower_bound=0.1)
_BATCHING = flags.DEFINE_bool("enable_batching", True, "Whether to batch requests.")
_CLIENTS = 64
_THREADS = 8
_WAITING = 16  # Fewer than the clients, so that some requests are rejected.
_SLICES = 20
_WARM_UP = 2  # slices before memory is compared
_ALLOWED = {"UNAVAILABLE"}
_GROWTH = 1.05


def main(_) -> None:
    """Raises RuntimeError for other errors, or if memory grows."""
    server = Server(
        "--model_name=m",
        f"--model_base_path={_BASE_PATH.value}",
        "--port=0",
        f"--enable_batching={_BATCHING.value}",
        f"--grpc_max_threads={_THREADS}",
        f"--max_waiting_requests={_WAITING}",
    )
    memory = []
    with tempfile.TemporaryDirectory() as folder:
        request = write_request(pathlib.Path(folder, "request"), "m", _LATENTS.value, 1)
        for _ in range(_SLICES + _WARM_UP):
            seen = server.load(request, _CLIENTS, 60 * _MINUTES.value / _SLICES)
            memory.append(server.memory())
            print(f"{seen} {memory[-1] / 2**20:.1f} MiB", flush=True)
            if not set(seen["errors"]) <= _ALLOWED:
                raise RuntimeError(f"errors other than {_ALLOWED}: {seen['errors']}")
    server.close()
    before, after = memory[_WARM_UP - 1], memory[-1]
    print(f"memory {before / 2**20:.1f} MiB before, {after / 2**20:.1f} MiB after")
    if server.process.returncode or after > _GROWTH * before:
        raise RuntimeError(f"exit code {server.process.returncode}, or memory grew")


if __name__ == "__main__":
    app.run(main)
