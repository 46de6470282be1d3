r"""Serves a SavedModel over gRPC and REST, as TensorFlow Serving does.

  python -m serving.server --model_name=factor_vae --model_base_path=saved_models/factor_vae \
      --port=8500 --rest_api_port=8501

Flags are those of tensorflow_model_server; --host and --engine are ours. The latest version in
the base path is served, and a newer one replaces it as soon as it appears. SIGTERM and Ctrl-C
let the requests in flight finish.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from absl import app, flags

from serving import listening, servables, stock
from trainers import help as program_help
from trainers.quiet import quiet_import

_CPUS = os.cpu_count() or 1
_DRAIN_SECONDS = 30

_MODEL_NAME = flags.DEFINE_string("model_name", "default", "Name of the model.")
_MODEL_BASE_PATH = flags.DEFINE_string(
    "model_base_path", "", "Directory whose integer-named folders are versions. Required."
)
_PORT = flags.DEFINE_integer("port", 8500, "gRPC port; 0 takes a free one and prints it.", 0, 65535)
_REST_API_PORT = flags.DEFINE_integer("rest_api_port", 0, "REST port; 0 serves no REST.", 0, 65535)
_HOST = flags.DEFINE_string("host", "127.0.0.1", "Address to listen on (embedded engine only).")
_ENGINE = flags.DEFINE_enum(
    "engine",
    "embedded",
    ["embedded", "stock"],
    "embedded: this program. stock: tensorflow_model_server from the PATH, with the same flags.",
)
_POLL_SECONDS = flags.DEFINE_float(
    "file_system_poll_wait_seconds",
    1,
    "Seconds between looks for a new version; 0 or less looks only at the start.",
)
_ENABLE_MODEL_WARMUP = flags.DEFINE_bool(
    "enable_model_warmup", True, "Run the warm-up requests of a version before serving it."
)
_SESSION_PARALLELISM = flags.DEFINE_integer(
    "tensorflow_session_parallelism", 0, "Threads of a session; 0 lets TensorFlow choose.", 0
)
_GRPC_MAX_THREADS = flags.DEFINE_integer(
    "grpc_max_threads", 4 * _CPUS, "gRPC requests that run at once.", 1
)
_REST_API_NUM_THREADS = flags.DEFINE_integer(
    "rest_api_num_threads", 4 * _CPUS, "REST requests that run at once.", 1
)
_REST_API_TIMEOUT_IN_MS = flags.DEFINE_integer(
    "rest_api_timeout_in_ms", 30000, "Milliseconds a REST request may compute.", 1
)
_GRPC_CHANNEL_ARGUMENTS = flags.DEFINE_string(
    "grpc_channel_arguments", "", "gRPC channel arguments, name=value separated by commas."
)


class StartError(Exception):
    """The server cannot start; says why and what to do."""


def main(argv: Sequence[str]) -> int:
    """Runs the server chosen by --engine; returns the exit code."""
    try:
        if _ENGINE.value == "stock":
            stock.execute(_stock_command(argv[1:]))
        if len(argv) > 1:
            raise StartError(f"unexpected argument {argv[1]!r}; flags are written --name=value")
        return _serve()
    except (StartError, listening.ListenError) as error:
        print(f"serving.server: {error}", file=sys.stderr)
        return 1


def _stock_command(unknown: Sequence[str]) -> list[str]:
    try:
        return stock.command(flags.FLAGS, unknown)
    except ValueError as error:
        raise StartError(str(error)) from error


def _serve() -> int:
    stopping = _stop_on_signals()
    base_path = _checked_base_path()
    host, rest_port = _HOST.value, _REST_API_PORT.value
    if rest_port and rest_port == _PORT.value:
        raise StartError(f"--rest_api_port={rest_port} is also --port; choose another")
    rest_socket = listening.bind_rest(host, rest_port) if rest_port else None
    arguments = listening.channel_arguments(_GRPC_CHANNEL_ARGUMENTS.value)
    server, port = listening.bind_grpc(host, _PORT.value, _GRPC_MAX_THREADS.value, arguments)
    _import_tensorflow_quietly()
    from serving import embedded  # noqa: PLC0415

    engine = embedded.Embedded(
        _MODEL_NAME.value,
        base_path,
        warm_up=_ENABLE_MODEL_WARMUP.value,
        session_threads=_SESSION_PARALLELISM.value,
        poll_seconds=_POLL_SECONDS.value,
    )
    try:
        version = engine.load()
    except embedded.NothingLoaded as error:
        raise StartError(str(error)) from error
    if not stopping.is_set():
        engine.start(
            server, rest_socket, _REST_API_TIMEOUT_IN_MS.value, _REST_API_NUM_THREADS.value
        )
        rest = f", REST at {listening.address(host, rest_port)}" if rest_socket else ""
        grpc_address = listening.address(host, port)
        print(
            f"Serving {_MODEL_NAME.value} version {version}: gRPC at {grpc_address}{rest}",
            flush=True,
        )
    stopping.wait()
    engine.stop(_DRAIN_SECONDS)
    return 0


def _stop_on_signals() -> threading.Event:
    """Set by the first SIGTERM or SIGINT; a second one ends the process at once."""
    stopping = threading.Event()

    def stop(number: int, _) -> None:
        stopping.set()
        signal.signal(number, signal.SIG_DFL)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return stopping


def _checked_base_path() -> Path:
    if not _MODEL_BASE_PATH.value:
        raise StartError("--model_base_path is required: the directory of a model's versions")
    base_path = Path(_MODEL_BASE_PATH.value)
    if not base_path.is_dir():
        raise StartError(f"--model_base_path={base_path} is not a directory; export a model there")
    if not servables.find_versions(base_path):
        hint = "export a model there"
        if (base_path / "saved_model.pb").exists():
            hint = f"it is itself a version, so give its parent {base_path.resolve().parent}"
        raise StartError(
            f"--model_base_path={base_path} holds no version, a folder named by a number; {hint}"
        )
    return base_path


def _import_tensorflow_quietly() -> None:
    with quiet_import():
        import tensorflow as tf  # noqa: PLC0415

        tf.compat.v1.Session().close()  # The devices are announced here.
        tf.get_logger().setLevel("ERROR")


def _parse_flags(argv: list[str]) -> list[str]:
    """Parses the flags; ones we do not know are an error unless the stock server gets them."""
    try:
        rest = flags.FLAGS(argv, known_only=True)
        if _ENGINE.value == "stock":
            return rest
    except flags.Error:
        pass  # Met again below, where it is reported.
    return app.parse_flags_with_usage(argv)


def run() -> None:
    """The program."""
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    program_help.show(main)
    app.run(main, flags_parser=_parse_flags)


if __name__ == "__main__":
    run()
