"""The versions of a model that is served: found, loaded, swapped and unloaded.

A new version loads before the old one unloads, requests in flight keep the version they began
with, and a version that fails to load never replaces one that works.
"""

from __future__ import annotations

import enum
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from serving import errors

if TYPE_CHECKING:  # It imports TensorFlow, which takes seconds; base paths are checked before.
    from serving.session import SavedModelSession

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
        model: Name of the model.
        number: Number of the version.
        state: Where it is between START and END.
        error: Why it ended, when it failed to load.
        session: The loaded model, while there is one.
    """

    model: str
    number: int
    state: State = State.START
    error: str = ""
    session: SavedModelSession | None = None
    _users: int = field(default=0, repr=False)


def find_versions(base_path: Path) -> dict[int, Path]:
    """Finds the versions in a base path: its folders named by an integer.

    Returns:
        Number to folder, latest first.

    Raises:
        OSError: The base path cannot be read.
    """
    folders = [p for p in base_path.iterdir() if p.name.isascii() and p.name.isdigit()]
    found = {int(folder.name): folder for folder in folders if folder.is_dir()}
    return dict(sorted(found.items(), reverse=True))


def not_found(name: str, number: int | None) -> errors.ServingError:
    """The NOT_FOUND error of a request for a version (None is the latest) of a model."""
    wanted = f"Latest({name})" if number is None else f"Specific({name}, {number})"
    return errors.ServingError(
        grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {wanted}"
    )


class Servables:
    """The versions of one model under its base path; the latest that loads is served.

    Attributes:
        name: Name of the model.
        base_path: Directory of the versions.
    """

    def __init__(self, name: str, base_path: Path, load: Callable[[Path], SavedModelSession]):
        """Remembers what to serve; `poll` loads it.

        Args:
            name: Name of the model.
            base_path: Directory whose integer-named folders are versions.
            load: Loads the version in a folder, or raises `serving.errors.LoadError`.
        """
        self.name = name
        self.base_path = base_path
        self._load = load
        self._versions: dict[int, Version] = {}
        self._lock = threading.Lock()

    def poll(self) -> None:
        """Looks at the base path once; swaps to its latest version that loads.

        A version that failed is not tried again while its folder stays. When no version is left
        in the base path, what is served stays served.
        """
        try:
            present = find_versions(self.base_path)
        except OSError as error:
            _LOGGER.warning("cannot list the versions of model %s: %s", self.name, error)
            return
        for number, version in list(self._versions.items()):
            if version.state is State.END and version.error and number not in present:
                del self._versions[number]
        for number, folder in present.items():
            known = self._versions.get(number)
            if known is not None and known.state is State.AVAILABLE:
                break
            if known is not None and known.error:
                continue
            if self._start(number, folder).state is State.AVAILABLE:
                break
        else:
            return
        for other in self.available():
            if other.number != number:
                self._retire(other)

    def _start(self, number: int, folder: Path) -> Version:
        version = self._versions[number] = Version(self.name, number, State.LOADING)
        try:
            session = self._load(folder)
        except errors.LoadError as error:
            version.error, version.state = str(error), State.END
            _LOGGER.error("model %s version %d failed to load: %s", self.name, number, error)
            return version
        version.session, version.state = session, State.AVAILABLE
        _LOGGER.info("model %s version %d is available", self.name, number)
        return version

    def _retire(self, version: Version) -> None:
        with self._lock:
            version.state = State.UNLOADING
        self._release(version, users=0)

    def _release(self, version: Version, users: int = 1) -> None:
        """Ends a use; whoever is last closes a retired version."""
        with self._lock:
            version._users -= users
            last = version.state is State.UNLOADING and version._users == 0
            session = version.session
            if last:
                version.session, version.state = None, State.END
        if last and session is not None:
            session.close()
            _LOGGER.info("model %s version %d is unloaded", self.name, version.number)

    def available(self) -> list[Version]:
        """Versions that are served, ascending."""
        versions = sorted(self._versions.copy().items())
        return [version for _, version in versions if version.state is State.AVAILABLE]

    def versions(self) -> list[Version]:
        """Every version known since the start, ascending."""
        return [version for _, version in sorted(self._versions.copy().items())]

    @contextmanager
    def use(self, number: int | None = None) -> Iterator[tuple[int, SavedModelSession]]:
        """The (number, session) of a version, kept loaded inside the `with`.

        Args:
            number: A version; the latest when None.

        Raises:
            ServingError: NOT_FOUND, it is not served.
        """
        with self._lock:
            served = [v for v in self.available() if number in (None, v.number)]
            if not served:
                raise not_found(self.name, number)
            version = served[-1]
            version._users += 1
            session = version.session
        assert session is not None  # It is AVAILABLE.
        try:
            yield version.number, session
        finally:
            self._release(version)

    def close(self) -> None:
        """Retires every version."""
        for version in self.available():
            self._retire(version)
