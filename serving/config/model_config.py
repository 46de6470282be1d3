"""The models to serve, with their version policies and labels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from serving.config import config_pb2
from serving.config.config_files import ConfigError


@dataclass(frozen=True)
class VersionPolicy:
    """Selects the versions of a model to serve: the latest ones, all, or specific ones.

    Attributes:
        latest: Number of latest versions to serve; None serves all that `specific` allows.
        specific: Numbers of the allowed versions; None allows any.
    """

    latest: int | None = 1
    specific: frozenset[int] | None = None

    def candidates(self, present: Iterable[int]) -> list[int]:
        """Returns the versions to try, latest first; the first `latest` that load are served."""
        return sorted(
            (n for n in present if self.specific is None or n in self.specific), reverse=True
        )


@dataclass(frozen=True)
class ModelConfig:
    """One model of a server.

    Attributes:
        name: Name of the model in requests.
        base_path: Directory of the model's versions.
        policy: Selects the versions to serve.
        labels: Label to version number.
    """

    name: str
    base_path: Path
    policy: VersionPolicy = VersionPolicy()
    labels: dict[str, int] = field(default_factory=dict)


def validated(config: config_pb2.ModelServerConfig) -> list[ModelConfig]:
    """Checks a ModelServerConfig and returns its models.

    Raises:
        ConfigError: A model is listed twice, has no name, a relative base path or a platform other
            than TensorFlow; or the config has no model_config_list.
    """
    if config.WhichOneof("config") != "model_config_list":
        raise ConfigError("models must be configured by a model_config_list { config { ... } }")
    models: dict[str, ModelConfig] = {}
    for model in config.model_config_list.config:
        if not model.name:
            raise ConfigError("a config in model_config_list has no name")
        if model.name in models:
            raise ConfigError(f"Illegal to list model {model.name} multiple times in config list")
        _check_platform(model)
        if "://" in model.base_path or not Path(model.base_path).is_absolute():
            raise ConfigError(
                f"Expected model {model.name} to have an absolute path or URI; got "
                f"base_path()={model.base_path}; the embedded server reads no URIs"
            )
        models[model.name] = ModelConfig(
            model.name,
            Path(model.base_path),
            _policy(model),
            dict(model.version_labels),
        )
    return list(models.values())


def _check_platform(model: config_pb2.ModelConfig) -> None:
    if not model.model_platform and model.model_type == config_pb2.MODEL_TYPE_UNSPECIFIED:
        raise ConfigError(
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
            f'ModelServerConfig::model_platform for model {model.name}; write "tensorflow"'
        )
    if model.model_platform not in ("", "tensorflow") or model.model_type == config_pb2.OTHER:
        raise ConfigError(
            f"model {model.name} has platform {model.model_platform or 'OTHER'!r}; only "
            '"tensorflow" is supported'
        )


def _policy(model: config_pb2.ModelConfig) -> VersionPolicy:
    policy = model.model_version_policy
    match policy.WhichOneof("policy_choice"):
        case "all":
            return VersionPolicy(latest=None)
        case "specific":
            if not policy.specific.versions:
                raise ConfigError(f"model {model.name}: specific {{ }} names no versions")
            return VersionPolicy(latest=None, specific=frozenset(policy.specific.versions))
    return VersionPolicy(latest=max(1, policy.latest.num_versions))
