"""The flags of the server: the stock server's by name and default, and a few of ours alone."""

from __future__ import annotations

import os

from absl import flags

_CPUS = os.cpu_count() or 1
# Flags that the stock server does not know.
OURS_ALONE = (
    *("host", "insecure", "bearer_token_file", "max_message_bytes", "max_waiting_requests"),
    "enable_grpc_reflection",
)

MODEL_NAME = flags.DEFINE_string("model_name", "default", "Name of the model.")
MODEL_BASE_PATH = flags.DEFINE_string(
    "model_base_path",
    "",
    "Directory whose integer-named folders are versions. Required without --model_config_file.",
)
MODEL_CONFIG_FILE = flags.DEFINE_string(
    "model_config_file",
    "",
    "ModelServerConfig as text: several models, their version policies and labels; then "
    "--model_name and --model_base_path are ignored.",
)
MODEL_CONFIG_FILE_POLL_WAIT_SECONDS = flags.DEFINE_float(
    "model_config_file_poll_wait_seconds",
    0,
    "Seconds between looks at --model_config_file, whose models are served when it changes; 0 "
    "reads it once.",
    lower_bound=0,
)
PORT = flags.DEFINE_integer("port", 8500, "gRPC port; 0 takes a free one and prints it.", 0, 65535)
REST_API_PORT = flags.DEFINE_integer("rest_api_port", 0, "REST port; 0 serves no REST.", 0, 65535)
HOST = flags.DEFINE_string("host", "127.0.0.1", "Address to listen on (embedded engine only).")
ENGINE = flags.DEFINE_enum(
    "engine",
    "embedded",
    ["embedded", "stock"],
    "embedded: this program. stock: tensorflow_model_server from the PATH, with the same flags.",
)
ENABLE_BATCHING = flags.DEFINE_bool(
    "enable_batching", False, "Run requests that wait at the same time as one."
)
BATCHING_PARAMETERS_FILE = flags.DEFINE_string(
    "batching_parameters_file",
    "",
    "BatchingParameters as text, in place of the defaults; needs --enable_batching.",
)
POLL_SECONDS = flags.DEFINE_float(
    "file_system_poll_wait_seconds",
    1,
    "Seconds between looks for a new version; 0 or less looks only at the start.",
)
ALLOW_LABELS = flags.DEFINE_bool(
    "allow_version_labels_for_unavailable_models",
    False,
    "Let a label name a version that is not served.",
)
SSL_CONFIG_FILE = flags.DEFINE_string(
    "ssl_config_file",
    "",
    "SSLConfig as text: key and certificate in PEM, and whether clients need one too. REST is "
    "then served by TLS as well.",
)
INSECURE = flags.DEFINE_bool(
    "insecure",
    False,
    "Serve plain text on addresses that other machines reach (embedded engine only).",
)
BEARER_TOKEN_FILE = flags.DEFINE_string(
    "bearer_token_file",
    "",
    "Tokens, one a line, of which every request must carry one (embedded engine only).",
)
MONITORING_CONFIG_FILE = flags.DEFINE_string(
    "monitoring_config_file", "", "MonitoringConfig as text: Prometheus metrics over REST."
)
ENABLE_HEALTH = flags.DEFINE_bool("enable_grpc_healthcheck_service", False, "Serve grpc.health.v1.")
ENABLE_REFLECTION = flags.DEFINE_bool(
    "enable_grpc_reflection", False, "Serve gRPC reflection (embedded engine only)."
)
ENABLE_MODEL_WARMUP = flags.DEFINE_bool(
    "enable_model_warmup", True, "Run the warm-up requests of a version before serving it."
)
SESSION_PARALLELISM = flags.DEFINE_integer(
    "tensorflow_session_parallelism", 0, "Threads of a session; 0 lets TensorFlow choose.", 0
)
GRPC_MAX_THREADS = flags.DEFINE_integer(
    "grpc_max_threads",
    None,
    "gRPC requests that run at once; by default 4 a processor, with batching at least 64.",
    1,
)
REST_API_NUM_THREADS = flags.DEFINE_integer(
    "rest_api_num_threads", 4 * _CPUS, "REST requests that run at once.", 1
)
REST_API_TIMEOUT_IN_MS = flags.DEFINE_integer(
    "rest_api_timeout_in_ms", 30000, "Milliseconds a REST request may compute.", 1
)
GRPC_CHANNEL_ARGUMENTS = flags.DEFINE_string(
    "grpc_channel_arguments", "", "gRPC channel arguments, name=value separated by commas."
)
MAX_MESSAGE_BYTES = flags.DEFINE_integer(
    "max_message_bytes",
    2**31 - 1,  # The stock server's limit, and the most that gRPC can carry.
    "Most bytes of a request, over gRPC and REST (embedded engine only).",
    1,
    2**31 - 1,
)
MAX_WAITING_REQUESTS = flags.DEFINE_integer(
    "max_waiting_requests",
    1000,
    "Requests that may wait for a thread, over gRPC and over REST; one more is refused at once "
    "with UNAVAILABLE, or 429 (embedded engine only).",
    1,
)


def grpc_threads() -> int:
    """How many gRPC requests run at once."""
    # Under batching most of them only wait for each other.
    return GRPC_MAX_THREADS.value or max(4 * _CPUS, 64 if ENABLE_BATCHING.value else 0)
