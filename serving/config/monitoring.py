"""Where the metrics are shown, from the stock server's monitoring_config_file."""

from __future__ import annotations

from serving.config import config_files, config_pb2
from serving.config.config_files import ConfigError

DEFAULT_PATH = "/monitoring/prometheus/metrics"


def read(path: str) -> str | None:
    """The path of the metrics, None where they are not enabled.

    Raises:
        ConfigError: The file is wrong.
    """
    flag = "monitoring_config_file"
    config = config_files.read(flag, path, config_pb2.MonitoringConfig()).prometheus_config
    if config.path and not config.path.startswith("/"):
        raise ConfigError(f"--{flag}={path}: path is {config.path!r}; it begins with /")
    return (config.path or DEFAULT_PATH) if config.enable else None
