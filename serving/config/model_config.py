"""Which models are served, which of their versions, and what their versions are called."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from serving.config import config_pb2
from serving.config.config_files import ConfigError


@dataclass(frozen=True)
class VersionPolicy:
    """Which versions of a model are served: the latest ones, all, or specific ones.

    Attributes:
        latest: How many of the latest; None for all, or for those in `specific`.
        specific: Their numbers; None for any.
    """

    latest: int | None = 1
    specific: frozenset[int] | None = None

    def candidates(self, present: Iterable[int]) -> list[int]:
        """The versions to try, latest first; of these, `latest` that load are served."""
        return sorted(
            (n for n in present if self.specific is None or n in self.specific), reverse=True
        )


@dataclass(frozen=True)
class ModelConfig:
    """One model of a server.

    Attributes:
        name: What requests call it.
        base_path: Directory of its versions.
        policy: Which of them are served.
        labels: Names of versions to their numbers.
    """

    name: str
    base_path: Path
    policy: VersionPolicy = VersionPolicy()
    labels: dict[str, int] = field(default_factory=dict)


def validated(config: config_pb2.ModelServerConfig) -> list[ModelConfig]:
    """Checks a ModelServerConfig.

    Raises:
        ConfigError: A model is listed twice, has no name, another platform than TensorFlow or a
            relative base path; or models are configured otherwise than by a list.
    """
    if config.WhichOneof("config") != "model_config_list":
        raise ConfigError(
            "models are configured by a model_config_list { config { ... } } and no other way"
        )
    models: dict[str, ModelConfig] = {}
    for model in config.model_config_list.config:
        if not model.name:
            raise ConfigError("a model_config_list's config has no name")
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
            '"tensorflow" is served'
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
