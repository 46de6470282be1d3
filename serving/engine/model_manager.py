"""The models of a server by name: configures, polls and finds them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving import errors
from serving.config.model_config import ModelConfig
from serving.engine.model_versions import ModelVersions, Version, not_found, unknown_label

if TYPE_CHECKING:
    from serving.engine.session import SavedModelSession


class ModelManager:
    """The models of a server; safe to use from many threads."""

    def __init__(
        self,
        load: Callable[[Path], SavedModelSession],
        allow_labels_for_unavailable: bool = False,
    ):
        """Creates a manager without models.

        Args:
            load: Loads the version in a folder; raises `serving.errors.LoadError` on failure.
            allow_labels_for_unavailable: Whether labels may name versions that are not served.
        """
        self._load = load
        self._allow_labels_for_unavailable = allow_labels_for_unavailable
        self._by_name: dict[str, ModelVersions] = {}
        self._served: set[str] = set()
        self._changing = threading.Lock()  # One change at a time: a poll or a new configuration.

    def reload(self, configs: Sequence[ModelConfig]) -> None:
        """Serves exactly these models; loads new versions before it unloads old ones.

        Raises:
            ServingError: FAILED_PRECONDITION, no version of a new model can be loaded, or a label
                names a version that is not served; nothing is changed.
        """
        with self._changing:
            models = {config.name: self._model(config) for config in configs}
            before = {name: model.config for name, model in models.items()}
            for config in configs:
                models[config.name].config = config
            try:
                wanted = {name: model.load_wanted() for name, model in models.items()}
                self._check(models)
            except errors.ServingError:
                for name, model in models.items():
                    model.config = before[name]
                    if self._is_new(name, model):
                        model.close()
                raise
            left_out = [m for name, m in self._by_name.items() if models.get(name) is not m]
            self._by_name.update(models)
            self._served = set(models)
            for name, model in models.items():
                model.set_labels(model.config.labels)  # Before versions without labels unload.
                model.retire_others(wanted[name])
            for model in left_out:
                model.close()

    def _model(self, config: ModelConfig) -> ModelVersions:
        """Returns the model of a configuration; a new one if its base path changed."""
        known = self.find(config.name)
        if known is None or known.config.base_path != config.base_path:
            return ModelVersions(config, self._load)
        return known

    def _is_new(self, name: str, model: ModelVersions) -> bool:
        return name not in self._served or model is not self.find(name)

    def _check(self, models: dict[str, ModelVersions]) -> None:
        for name, model in models.items():
            available = {version.number for version in model.available()}
            if not available and self._is_new(name, model):
                raise errors.failed_precondition(_why_unserved(model))
            for label, number in model.config.labels.items():
                if number not in available and not self._allow_labels_for_unavailable:
                    raise errors.failed_precondition(
                        f"Request to assign label {label} to version {number} of model {name}, "
                        "which is not currently available for inference"
                    )

    def poll(self) -> None:
        """Checks for new versions of every model."""
        with self._changing:
            for name in sorted(self._served):
                self._by_name[name].poll()

    def close(self) -> None:
        """Unloads every model."""
        with self._changing:
            self._served = set()
            for model in self._by_name.values():
                model.close()

    def find(self, name: str) -> ModelVersions | None:
        """Returns a model that is or was served; None if the name is unknown."""
        return self._by_name.get(name)

    def number(self, name: str, label: str) -> int:
        """Returns the number of the version that a label names.

        Raises:
            ServingError: INVALID_ARGUMENT, the model has no such label.
        """
        model = self.find(name)
        if model is None:
            raise unknown_label(label)
        return model.number(label)

    def served_name(self, name: str) -> str:
        """Returns `name` if a model of that name is served, else an empty string."""
        return name if name in self._served else ""

    def describe(self) -> str:
        """Returns the served models with their versions, as text."""
        return ", ".join(
            f"{name} version {' and '.join(str(v.number) for v in self._by_name[name].available())}"
            for name in sorted(self._served)
        )

    @contextmanager
    def use(self, spec: Any) -> Iterator[tuple[int, SavedModelSession]]:
        """Keeps a version loaded inside a `with` block.

        Args:
            spec: ModelSpec message that names the model and its version, label or neither.

        Yields:
            The version's number and its session.

        Raises:
            ServingError: INVALID_ARGUMENT, the spec has no name or an unknown label; NOT_FOUND,
                the version is not served.
        """
        model, version = self._acquire(spec)
        assert version.session is not None  # It is AVAILABLE.
        try:
            yield version.number, version.session
        finally:
            model.release(version)

    def _acquire(self, spec: Any) -> tuple[ModelVersions, Version]:
        if not spec.name:
            raise errors.invalid_argument("ModelSpec has no name specified.")
        number = spec.version.value if spec.HasField("version") else None
        label = spec.version_label if spec.HasField("version_label") else None
        model = self.find(spec.name)
        if model is None:
            raise not_found(spec.name, number) if label is None else unknown_label(label)
        try:
            return model, model.acquire(number, label)
        except errors.ServingError:
            if model is self.find(spec.name):
                raise
            return self._acquire(spec)  # The model was replaced in the meantime.


def _why_unserved(model: ModelVersions) -> str:
    config = model.config
    reasons = [f"version {v.number}: {v.error}" for v in model.versions()]
    return f"no version of model {config.name} in {config.base_path} could be loaded: " + (
        "; ".join(reasons) or "there is none"
    )
