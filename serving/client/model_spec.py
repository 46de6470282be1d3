"""The model to call, and its version."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote


class ModelSpec(NamedTuple):
    """A model of a server.

    Attributes:
        name: Name of the model.
        version: Number of the version; None selects the latest, or the label's version.
        version_label: Label of a version.
    """

    name: str
    version: int | None = None
    version_label: str | None = None

    @property
    def path(self) -> str:
        """Path of the model in the REST API."""
        path = f"/v1/models/{quote(self.name, safe='')}"
        if self.version is not None:
            return f"{path}/versions/{self.version}"
        if self.version_label is not None:
            return f"{path}/labels/{quote(self.version_label, safe='')}"
        return path


def make(name: str, version: int | None, version_label: str | None) -> ModelSpec:
    """Checks the arguments and returns a ModelSpec.

    Raises:
        ValueError: The name is empty, the version is out of range, or both a version and a label
            are given.
    """
    if not name:
        raise ValueError("model is empty; give the name under which the server serves it")
    if version is not None and version_label is not None:
        raise ValueError(
            f"version={version} and version_label={version_label!r} are both given; give one"
        )
    if version is not None and not 0 <= version < 2**63:
        raise ValueError(f"version={version} must be from 0 to {2**63 - 1}")
    return ModelSpec(name, version, version_label)
