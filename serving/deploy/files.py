"""Renders and writes the deployment files of a model, from the templates beside this file."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from pathlib import Path

from google.protobuf import text_format

from serving.config import config_pb2
from serving.deploy import models_config
from serving.deploy.exported_model import DeployError, ExportedModel
from serving.net import metrics
from storage import atomic

_TEMPLATES = Path(__file__).parent / "templates"
_BATCH_TIMEOUT_MICROSECONDS = 1000
_WAITING_ROWS = 4096  # Further requests are refused.


class _Template(string.Template):
    delimiter = "@"  # Grafana uses $.


def render(
    model: ExportedModel, labels: Mapping[str, int], image: str, cpus: int
) -> dict[str, str]:
    """Returns the files: path to text.

    Args:
        model: The model.
        labels: Label to version.
        image: Image of the stock server.
        cpus: Processors of a server.
    """
    server = f"/models/{model.name}"  # Mount point of the base path.
    config = {
        "models.config": models_config.text(models_config.make(model.name, server, labels)),
        "batching.config": _batching(model, cpus),
        "monitoring.config": _monitoring(),
    }
    memory = 512 + 4 * -(-model.size // 2**20)  # MiB, for two versions during a swap.
    values = {
        "name": model.name,
        "dns_name": model.name.lower().replace("_", "-"),
        "base_path": str(model.base_path),
        "image": image,
        "cpus": str(cpus),
        "memory": str(memory),
        "metrics_path": metrics.DEFAULT_PATH,
    }
    values |= {
        name.replace(".", "_"): text.rstrip().replace("\n", "\n    ")
        for name, text in config.items()
    }
    files = {
        path.relative_to(_TEMPLATES).as_posix(): _Template(path.read_text()).substitute(values)
        for path in sorted(_TEMPLATES.rglob("*"))
        if path.is_file()
    }
    files |= {f"config/{name}": text for name, text in config.items()}
    return files if model.max_batch_size else _without_batching(files)


def write(directory: Path, files: Mapping[str, str], overwrite: bool) -> None:
    """Writes the files atomically, so that a server that reads one never sees a part of it.

    Raises:
        DeployError: one is there already, and they are not to be overwritten.
    """
    there = [name for name in files if (directory / name).exists()]
    if there and not overwrite:
        raise DeployError(
            f"--output={directory} already has {there[0]}; give another, or --overwrite"
        )
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_text(path, text)


def _without_batching(files: Mapping[str, str]) -> dict[str, str]:
    """Removes the batching flags from the files, for a model without a batch axis."""
    flag = re.compile(r"^ *- --(enable_batching|batching_parameters_file)=.*\n", re.MULTILINE)
    return {name: flag.sub("", text) for name, text in files.items()}


def _batching(model: ExportedModel, cpus: int) -> str:
    config = config_pb2.BatchingParameters()
    config.max_batch_size.value = model.max_batch_size
    config.batch_timeout_micros.value = _BATCH_TIMEOUT_MICROSECONDS
    config.max_enqueued_batches.value = _WAITING_ROWS // max(1, model.max_batch_size)
    config.num_batch_threads.value = cpus
    sizes = [2**power for power in range(model.max_batch_size.bit_length())]
    config.allowed_batch_sizes.extend(sizes)
    return text_format.MessageToString(config)


def _monitoring() -> str:
    config = config_pb2.MonitoringConfig()
    config.prometheus_config.enable = True
    config.prometheus_config.path = metrics.DEFAULT_PATH
    return text_format.MessageToString(config)
