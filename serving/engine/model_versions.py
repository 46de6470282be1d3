"""The versions of a served model: loads, swaps and unloads them.

A new version is loaded before the old one is unloaded. Requests in flight keep their version. A
version that fails to load never replaces a working one.
"""

from __future__ import annotations

import enum
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from serving import errors
from serving.config.model_config import ModelConfig
from serving.engine import version_folders
from storage.version_folders import find

if TYPE_CHECKING:  # Importing TensorFlow takes seconds; check base paths first.
    from serving.engine.session import SavedModelSession

_LOGGER = logging.getLogger(__name__)


class State(enum.IntEnum):
    """ModelVersionStatus.State of the stock server."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclass
class Version:
    """One version of a model.

    Attributes:
        number: Number of the version.
        state: State of the version.
        error: Why the version failed to load; empty if it did not.
        gone: Whether the folder disappeared. A failed version is tried again if it reappears.
        session: The loaded model; None if the version is not loaded.
        users: Number of requests that use the session.
    """

    number: int
    state: State = State.START
    error: str = ""
    gone: bool = False
    session: SavedModelSession | None = None
    users: int = field(default=0, repr=False)


def not_found(name: str, number: int | None) -> errors.ServingError:
    """Returns the NOT_FOUND error for a version of a model; None is the latest version."""
    wanted = f"Latest({name})" if number is None else f"Specific({name}, {number})"
    return errors.ServingError(
        grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {wanted}"
    )


class ModelVersions:
    """The versions of one model in its base path."""

    def __init__(self, config: ModelConfig, load: Callable[[Path], SavedModelSession]):
        """Creates the model; `poll` loads its versions.

        Args:
            config: Configuration of the model. `config` can be replaced by one with the same name
                and base path.
            load: Loads the version in a folder; raises `serving.errors.LoadError` on failure.
        """
        self.config = config
        self._load = load
        self._versions: dict[int, Version] = {}
        self._available: tuple[Version, ...] = ()
        self._labels: dict[str, int] = {}
        self._lock = threading.Lock()

    def poll(self) -> None:
        """Checks the base path once: loads the wanted versions, then unloads all others.

        A failed version is not tried again until its folder is replaced. If none of the wanted
        versions can be served, the versions in service stay.
        """
        self.retire_others(self.load_wanted())

    def load_wanted(self) -> list[int]:
        """Loads the versions that the policy selects; returns the numbers of those in service."""
        name, base_path = self.config.name, self.config.base_path
        try:
            present = find(base_path)
        except OSError as error:
            _LOGGER.warning("cannot list the versions of model %s: %s", name, error)
            return []
        for number, version in self._versions.items():
            version.gone = version.gone or number not in present
        served: list[int] = []
        for number in self.config.policy.candidates(present):
            if len(served) == self.config.policy.latest:
                break
            known = self._versions.get(number)
            if known is not None and known.error and not known.gone:
                continue
            if known is None or known.state is not State.AVAILABLE:
                known = self._start(number, present[number])
            if known.state is State.AVAILABLE:
                served.append(number)
        return served

    def retire_others(self, served: list[int]) -> None:
        """Unloads all versions except `served`; does nothing if `served` is empty."""
        for version in self.available():
            if served and version.number not in served:
                self._retire(version)

    def _start(self, number: int, folder: Path) -> Version:
        name = self.config.name
        version = self._versions[number] = Version(number, State.LOADING)
        try:
            version_folders.check(self.config.base_path, folder)
            version.session = self._load(folder)
        except errors.LoadError as error:
            _LOGGER.error("model %s version %d failed to load: %s", name, number, error)
            version.error, version.state = str(error), State.END
        except Exception as error:  # Loading an arbitrary graph may raise anything.
            _LOGGER.exception("model %s version %d failed to load", name, number)
            version.error, version.state = f"{type(error).__name__}: {error}", State.END
        else:
            self._set_state(version, State.AVAILABLE)
            _LOGGER.info("model %s version %d is available", name, number)
        return version

    def _set_state(self, version: Version, state: State) -> None:
        with self._lock:
            version.state = state
            self._available = tuple(v for v in self.versions() if v.state is State.AVAILABLE)

    def _retire(self, version: Version) -> None:
        with self._lock:
            version.users += 1  # The release below then closes it if no request uses it.
        self._set_state(version, State.UNLOADING)
        self.release(version)

    def set_labels(self, labels: dict[str, int]) -> None:
        """Sets label to version number, effective from the next request."""
        with self._lock:
            self._labels = labels

    def number(self, label: str) -> int:
        """Returns the number of the version that a label names.

        Raises:
            ServingError: INVALID_ARGUMENT, there is no such label.
        """
        if label not in self._labels:
            raise unknown_label(label)
        return self._labels[label]

    def available(self) -> list[Version]:
        """Returns the versions in service, ascending."""
        return list(self._available)

    def versions(self) -> list[Version]:
        """Returns every version seen since the start, ascending."""
        return [version for _, version in sorted(self._versions.copy().items())]

    def acquire(self, number: int | None = None, label: str | None = None) -> Version:
        """Returns a version and keeps it loaded until `release`.

        Args:
            number: Number of the version; None selects the latest.
            label: Label of the version, instead of a number.

        Raises:
            ServingError: NOT_FOUND, the version is not served; INVALID_ARGUMENT, unknown label.
        """
        with self._lock:
            if label is not None:
                number = self.number(label)
            served = [v for v in self._available if number in (None, v.number)]
            if not served:
                raise not_found(self.config.name, number)
            served[-1].users += 1
            return served[-1]

    def release(self, version: Version) -> None:
        """Ends a use of a version; the last user of a retired version closes it."""
        with self._lock:
            version.users -= 1
            last = version.state is State.UNLOADING and version.users == 0
            session = version.session
            if last:
                version.session, version.state = None, State.END
        if last and session is not None:
            session.close()
            _LOGGER.info("model %s version %d is unloaded", self.config.name, version.number)

    def close(self) -> None:
        """Retires every version."""
        for version in self.available():
            self._retire(version)


def unknown_label(label: str) -> errors.ServingError:
    """Returns the INVALID_ARGUMENT error for an unknown label."""
    return errors.invalid_argument(f"Unrecognized servable version label: {label}")
