"""The versions of a model that is served: loaded, swapped and unloaded.

A new version loads before the old one unloads, requests in flight keep the version they began
with, and a version that fails to load never replaces one that works.
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

if TYPE_CHECKING:  # It imports TensorFlow, which takes seconds; base paths are checked before.
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
        state: Where it is between START and END.
        error: Why it ended, when it failed to load.
        gone: Whether its folder vanished after it failed: if it comes back, it is tried again.
        session: The loaded model, while there is one.
    """

    number: int
    state: State = State.START
    error: str = ""
    gone: bool = False
    session: SavedModelSession | None = None
    users: int = field(default=0, repr=False)


def not_found(name: str, number: int | None) -> errors.ServingError:
    """The NOT_FOUND error of a request for a version (None is the latest) of a model."""
    wanted = f"Latest({name})" if number is None else f"Specific({name}, {number})"
    return errors.ServingError(
        grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {wanted}"
    )


class ModelVersions:
    """The versions of one model under its base path."""

    def __init__(self, config: ModelConfig, load: Callable[[Path], SavedModelSession]):
        """Remembers what to serve; `poll` loads it.

        Args:
            config: The model; may be set anew, with the same name and base path.
            load: Loads the version in a folder, or raises `serving.errors.LoadError`.
        """
        self.config = config
        self._load = load
        self._versions: dict[int, Version] = {}
        self._available: tuple[Version, ...] = ()
        self._labels: dict[str, int] = {}
        self._lock = threading.Lock()

    def poll(self) -> None:
        """Looks at the base path once: loads what is to be served, then unloads what is not.

        A version that failed is not tried again while its folder stays. When nothing that is to
        be served can be, what is served stays served.
        """
        self.retire_others(self.load_wanted())

    def load_wanted(self) -> list[int]:
        """Loads the versions that are to be served; returns those of them that are."""
        name, base_path = self.config.name, self.config.base_path
        try:
            present = version_folders.find(base_path)
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
        """Unloads all versions but these, unless there are none."""
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
        except Exception as error:  # A graph of somebody else's may raise anything.
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
            version.users += 1  # So that it is released, and closed, once.
        self._set_state(version, State.UNLOADING)
        self.release(version)

    def set_labels(self, labels: dict[str, int]) -> None:
        """Names versions, from the next request on."""
        with self._lock:
            self._labels = labels

    def number(self, label: str) -> int:
        """The version that a label names.

        Raises:
            ServingError: INVALID_ARGUMENT, there is no such label.
        """
        if label not in self._labels:
            raise unknown_label(label)
        return self._labels[label]

    def available(self) -> list[Version]:
        """Versions that are served, ascending."""
        return list(self._available)

    def versions(self) -> list[Version]:
        """Every version known since the start, ascending."""
        return [version for _, version in sorted(self._versions.copy().items())]

    def acquire(self, number: int | None = None, label: str | None = None) -> Version:
        """A version, kept loaded until it is released.

        Args:
            number: Its number; the latest when None.
            label: Its label, in place of a number.

        Raises:
            ServingError: NOT_FOUND, it is not served; INVALID_ARGUMENT, an unknown label.
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
        """Ends a use; whoever is last closes a retired version."""
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
    """The INVALID_ARGUMENT error of a request for a label that no version has."""
    return errors.invalid_argument(f"Unrecognized servable version label: {label}")
