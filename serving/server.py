r"""Serves SavedModels over gRPC and REST, as TensorFlow Serving does.

  python -m serving.server --model_name=factor_vae --model_base_path=saved_models/factor_vae \
      --port=8500 --rest_api_port=8501

The server takes the flags and configuration files of tensorflow_model_server; flags marked
"embedded engine only" are additions. It serves the latest version in the base path and switches to
a newer one as soon as it appears. On SIGTERM or Ctrl-C it finishes the requests in flight.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from programs import interrupts  # noqa: F401  # first: Ctrl-C while the others are imported

# isort: split
import grpc
from absl import app, flags

from programs import program
from programs.quiet import quiet_import
from serving import errors, server_flags, stock_server
from serving.config import (
    batching_parameters,
    bearer_tokens,
    config_files,
    config_pb2,
    model_config,
    tls,
)
from serving.config.config_files import ConfigError
from serving.config.model_config import ModelConfig
from serving.net import metrics, overload, ports
from storage import version_folders

_DRAIN_SECONDS = 30


class StartError(Exception):
    """The server cannot start; the message says why and what to do."""


def main(argv: Sequence[str]) -> int:
    """Runs the server that --engine selects; returns the exit code."""
    try:
        if server_flags.ENGINE.value == "stock":
            stock_server.execute(stock_server.command(flags.FLAGS, argv[1:]))
        if len(argv) > 1:
            raise StartError(f"unexpected argument {argv[1]!r}; flags are written --name=value")
        return _serve()
    except (StartError, ConfigError, ports.PortError, stock_server.StockError) as error:
        print(f"serving.server: {error}", file=sys.stderr)
        return 1


def _serve() -> int:
    stopping = _stop_on_signals()
    # Check everything before importing TensorFlow, which takes seconds.
    configs = _model_configs()
    batching = _batching()
    security = _security()
    metrics_path = _metrics_path()
    tokens = _tokens()
    host, rest_port = server_flags.HOST.value, server_flags.REST_API_PORT.value
    rest_socket = ports.bind_rest(host, rest_port) if rest_port else None
    pool = overload.CountingPool(server_flags.grpc_threads(), "grpc")
    server, port = _bind_grpc(pool, security, tokens)
    session_threads = server_flags.SESSION_PARALLELISM.value
    _import_tensorflow_quietly(session_threads)
    from serving import embedded_server  # noqa: PLC0415
    from serving.api import http_server  # noqa: PLC0415

    settings = embedded_server.ModelSettings(
        warm_up=server_flags.ENABLE_MODEL_WARMUP.value,
        session_threads=session_threads,
        batching=batching,
        poll_seconds=server_flags.POLL_SECONDS.value,
        config_file=server_flags.MODEL_CONFIG_FILE.value,
        config_poll_seconds=server_flags.MODEL_CONFIG_FILE_POLL_WAIT_SECONDS.value,
        allow_labels_for_unavailable=server_flags.ALLOW_LABELS.value,
    )
    embedded = embedded_server.EmbeddedServer(settings)
    try:
        embedded.load(configs)
    except errors.ServingError as error:
        raise StartError(error.message) from error
    limits = http_server.HttpLimits(
        server_flags.REST_API_NUM_THREADS.value,
        server_flags.MAX_WAITING_REQUESTS.value,
        server_flags.MAX_MESSAGE_BYTES.value,
    )
    timeout = server_flags.REST_API_TIMEOUT_IN_MS.value / 1000
    rest = None
    if rest_socket is not None:
        rest = embedded_server.RestSettings(
            rest_socket, security, tokens, limits, timeout, metrics_path
        )
    if not stopping.is_set():
        embedded.start(
            server,
            pool,
            rest,
            with_health=server_flags.ENABLE_HEALTH.value,
            with_reflection=server_flags.ENABLE_REFLECTION.value,
        )
        addresses = f"gRPC at {ports.address(host, port)}"
        if rest:
            addresses += f", REST at {ports.address(host, rest_port)}"
        print(f"Serving {embedded.models.describe()}: {addresses}", flush=True)
    stopping.wait()
    embedded.stop(_DRAIN_SECONDS)
    return 0


def _model_configs() -> list[ModelConfig]:
    path = server_flags.MODEL_CONFIG_FILE.value
    if not path:
        return [ModelConfig(server_flags.MODEL_NAME.value, _checked_base_path())]
    config = config_files.read("model_config_file", path, config_pb2.ModelServerConfig())
    try:
        configs = model_config.validated(config)
        for model in configs:
            _check_versions(f"base_path of model {model.name}", model.base_path)
    except (ConfigError, StartError) as error:
        raise StartError(f"--model_config_file={path}: {error}") from error
    return configs


def _checked_base_path() -> Path:
    if not server_flags.MODEL_BASE_PATH.value:
        raise StartError(
            "give --model_base_path, the directory of a model's versions, or --model_config_file"
        )
    base_path = Path(server_flags.MODEL_BASE_PATH.value)
    _check_versions("--model_base_path", base_path)
    return base_path


def _check_versions(name: str, base_path: Path) -> None:
    if not base_path.is_dir():
        raise StartError(f"{name}={base_path} is not a directory; export a model there")
    if not version_folders.find(base_path):
        hint = "export a model there"
        if (base_path / "saved_model.pb").exists():
            hint = f"it is a version itself: give its parent {base_path.resolve().parent}"
        raise StartError(f"{name}={base_path} has no version, a folder named by a number; {hint}")


def _batching() -> batching_parameters.BatchingParameters | None:
    path = server_flags.BATCHING_PARAMETERS_FILE.value
    if path and not server_flags.ENABLE_BATCHING.value:
        raise StartError(f"--batching_parameters_file={path} needs --enable_batching")
    if not server_flags.ENABLE_BATCHING.value:
        return None
    return batching_parameters.read(path) if path else batching_parameters.BatchingParameters()


def _security() -> tls.Tls | None:
    path = server_flags.SSL_CONFIG_FILE.value
    security = tls.read(path) if path else None
    tls.check_plain_text(server_flags.HOST.value, security, server_flags.INSECURE.value)
    return security


def _metrics_path() -> str | None:
    path = server_flags.MONITORING_CONFIG_FILE.value
    metrics_path = metrics.read_path(path) if path else None
    if metrics_path and not server_flags.REST_API_PORT.value:
        raise StartError(f"--monitoring_config_file={path} needs --rest_api_port")
    return metrics_path


def _tokens() -> bearer_tokens.BearerTokens | None:
    path = server_flags.BEARER_TOKEN_FILE.value
    return bearer_tokens.BearerTokens(path) if path else None


def _bind_grpc(
    pool: overload.CountingPool,
    security: tls.Tls | None,
    tokens: bearer_tokens.BearerTokens | None,
) -> tuple[grpc.Server, int]:
    port, limit = server_flags.PORT.value, server_flags.MAX_WAITING_REQUESTS.value
    if port and port == server_flags.REST_API_PORT.value:
        raise StartError(f"--rest_api_port={port} is also --port; choose another")
    interceptors: list[grpc.ServerInterceptor] = [overload.Overload(pool, limit)]
    if tokens is not None:
        interceptors.insert(0, bearer_tokens.TokenInterceptor(tokens))
    options = {
        "grpc.max_receive_message_length": server_flags.MAX_MESSAGE_BYTES.value,
        "grpc.max_send_message_length": -1,
        **ports.channel_arguments(server_flags.GRPC_CHANNEL_ARGUMENTS.value),
    }
    credentials = security.credentials if security else None
    return ports.bind_grpc(server_flags.HOST.value, port, credentials, pool, interceptors, options)


def _stop_on_signals() -> threading.Event:
    """Returns an event that SIGTERM or SIGINT sets; a second such signal kills the process."""
    stopping = threading.Event()

    def stop(number: int, _) -> None:
        stopping.set()
        signal.signal(number, signal.SIG_DFL)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return stopping


def _import_tensorflow_quietly(session_threads: int) -> None:
    with quiet_import():
        # Importing Keras takes half of the time, and sessions do not need it.
        sys.modules["keras"] = None  # type: ignore[assignment]
        import tensorflow as tf  # noqa: PLC0415

        del sys.modules["keras"]
        # Logs the devices, and creates the threads that every later session uses.
        config = tf.compat.v1.ConfigProto(
            intra_op_parallelism_threads=session_threads,
            inter_op_parallelism_threads=session_threads,
        )
        tf.compat.v1.Session(config=config).close()
        tf.get_logger().setLevel("ERROR")


def _parse_flags(argv: list[str]) -> list[str]:
    """Parses the flags; unknown flags are an error unless they go to the stock server."""
    try:
        rest = flags.FLAGS(argv, known_only=True)
        if server_flags.ENGINE.value == "stock":
            return rest
    except flags.Error:
        pass  # The call below reports it.
    return app.parse_flags_with_usage(argv)


def run() -> None:
    """Runs the program."""
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    own = flags.FLAGS.get_flags_for_module(server_flags.__name__)
    program.run(main, *(flag.name for flag in own), flags_parser=_parse_flags)


if __name__ == "__main__":
    run()
