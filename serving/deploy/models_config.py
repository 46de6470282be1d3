"""Writes models.config: one model, which serves only the versions that its labels name."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf import text_format

from serving.config import config_pb2

_HEADER = """\
# The served versions and their labels. Clients use a label, for example
# /v1/models/{name}/labels/stable:predict, and `python -m serving.deploy.switch` moves it.
"""


def make(name: str, base_path: str, labels: Mapping[str, int]) -> config_pb2.ModelServerConfig:
    """Returns the configuration of one model.

    Args:
        name: Name of the model in requests.
        base_path: Directory of its versions, as the server sees it.
        labels: Label to version.
    """
    config = config_pb2.ModelServerConfig()
    model = config.model_config_list.config.add(
        name=name, base_path=base_path, model_platform="tensorflow"
    )
    label(model, labels)
    return config


def label(
    model: config_pb2.ModelConfig, labels: Mapping[str, int], also: tuple[int, ...] = ()
) -> None:
    """Sets the labels of a model, and serves the labelled versions and those in `also`."""
    model.version_labels.clear()
    model.version_labels.update(labels)
    model.model_version_policy.Clear()
    model.model_version_policy.specific.versions.extend(sorted({*labels.values(), *also}))


def text(config: config_pb2.ModelServerConfig) -> str:
    """Returns the text of models.config."""
    (model,) = config.model_config_list.config
    return _HEADER.format(name=model.name) + text_format.MessageToString(config)
