"""Flags of the server: those of the stock server, with its defaults, and a few additions."""

from __future__ import annotations

import os

from absl import flags

_CPUS = os.cpu_count() or 1
# Flags that the stock server does not have.
EMBEDDED_ONLY = (
    *("host", "insecure", "bearer_token_file", "max_message_bytes", "max_waiting_requests"),
    "enable_grpc_reflection",
)

MODEL_NAME = flags.DEFINE_string("model_name", "default", "Name of the model.")
MODEL_BASE_PATH = flags.DEFINE_string(
    "model_base_path",
    "",
    "Directory of the model's versions, folders named by integers. Required unless "
    "--model_config_file is given.",
)
MODEL_CONFIG_FILE = flags.DEFINE_string(
    "model_config_file",
    "",
    "File with a ModelServerConfig text proto: several models, their version policies and labels. "
    "Replaces --model_name and --model_base_path.",
)
MODEL_CONFIG_FILE_POLL_WAIT_SECONDS = flags.DEFINE_float(
    "model_config_file_poll_wait_seconds",
    0,
    "Seconds between checks of --model_config_file for changes; 0 reads it once.",
    lower_bound=0,
)
PORT = flags.DEFINE_integer("port", 8500, "gRPC port; 0 picks a free one and prints it.", 0, 65535)
REST_API_PORT = flags.DEFINE_integer("rest_api_port", 0, "REST port; 0 disables REST.", 0, 65535)
HOST = flags.DEFINE_string("host", "127.0.0.1", "Address to listen on (embedded engine only).")
ENGINE = flags.DEFINE_enum(
    "engine",
    "embedded",
    ["embedded", "stock"],
    "embedded: this program. stock: tensorflow_model_server on the PATH, with the same flags.",
)
ENABLE_BATCHING = flags.DEFINE_bool(
    "enable_batching", False, "Combine concurrent requests into batches."
)
BATCHING_PARAMETERS_FILE = flags.DEFINE_string(
    "batching_parameters_file",
    "",
    "File with a BatchingParameters text proto; needs --enable_batching.",
)
POLL_SECONDS = flags.DEFINE_float(
    "file_system_poll_wait_seconds",
    1,
    "Seconds between checks for new versions; 0 or less checks only at the start.",
)
ALLOW_LABELS = flags.DEFINE_bool(
    "allow_version_labels_for_unavailable_models",
    False,
    "Allow labels to name versions that are not served.",
)
SSL_CONFIG_FILE = flags.DEFINE_string(
    "ssl_config_file",
    "",
    "File with an SSLConfig text proto: key and certificate in PEM, and whether clients need a "
    "certificate. Applies to REST too.",
)
INSECURE = flags.DEFINE_bool(
    "insecure",
    False,
    "Allow plain text on addresses that other machines can reach (embedded engine only).",
)
BEARER_TOKEN_FILE = flags.DEFINE_string(
    "bearer_token_file",
    "",
    "File of tokens, one per line; every request must carry one (embedded engine only).",
)
MONITORING_CONFIG_FILE = flags.DEFINE_string(
    "monitoring_config_file",
    "",
    "File with a MonitoringConfig text proto: Prometheus metrics over REST.",
)
ENABLE_HEALTH = flags.DEFINE_bool("enable_grpc_healthcheck_service", False, "Serve grpc.health.v1.")
ENABLE_REFLECTION = flags.DEFINE_bool(
    "enable_grpc_reflection", False, "Serve gRPC reflection (embedded engine only)."
)
ENABLE_MODEL_WARMUP = flags.DEFINE_bool(
    "enable_model_warmup", True, "Run a version's warm-up requests before serving it."
)
SESSION_PARALLELISM = flags.DEFINE_integer(
    "tensorflow_session_parallelism", 0, "Threads per session; 0 lets TensorFlow choose.", 0
)
GRPC_MAX_THREADS = flags.DEFINE_integer(
    "grpc_max_threads",
    None,
    "gRPC requests that run at once; default: 4 per processor, with batching at least 64.",
    1,
)
REST_API_NUM_THREADS = flags.DEFINE_integer(
    "rest_api_num_threads", 4 * _CPUS, "REST requests that run at once.", 1
)
REST_API_TIMEOUT_IN_MS = flags.DEFINE_integer(
    "rest_api_timeout_in_ms", 30000, "Time limit of a REST request in milliseconds.", 1
)
GRPC_CHANNEL_ARGUMENTS = flags.DEFINE_string(
    "grpc_channel_arguments", "", "gRPC channel arguments, name=value separated by commas."
)
MAX_MESSAGE_BYTES = flags.DEFINE_integer(
    "max_message_bytes",
    2**31 - 1,  # The stock server's limit, and gRPC's own.
    "Maximum size of a request in bytes, over gRPC and REST (embedded engine only).",
    1,
    2**31 - 1,
)
MAX_WAITING_REQUESTS = flags.DEFINE_integer(
    "max_waiting_requests",
    1000,
    "Maximum number of requests that wait for a thread, over gRPC and REST each; further ones are "
    "refused with UNAVAILABLE, or 429 (embedded engine only).",
    1,
)


def grpc_threads() -> int:
    """Returns how many gRPC requests run at once."""
    # With batching, most requests only wait for their batch.
    return GRPC_MAX_THREADS.value or max(4 * _CPUS, 64 if ENABLE_BATCHING.value else 0)
