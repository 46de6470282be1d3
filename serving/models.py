"""The models of a server, and the thread that looks for their new versions."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from serving import errors
from serving.servables import Servables, not_found

if TYPE_CHECKING:
    from serving.session import SavedModelSession


class Models:
    """The models of a server, by name.

    Attributes:
        by_name: Name to `Servables`.
    """

    def __init__(self, models: list[Servables]):
        self.by_name = {model.name: model for model in models}

    def find(self, request: Any) -> tuple[str, int | None]:
        """The (model, version) that a request's `model_spec` asks for; version None is the latest.

        Raises:
            ServingError: INVALID_ARGUMENT, there is no spec, no name, or an unknown label.
        """
        if not request.HasField("model_spec"):
            raise errors.invalid_argument("Missing ModelSpec")
        return self.find_spec(request.model_spec)

    def find_spec(self, spec: Any) -> tuple[str, int | None]:
        """The same for a `model_spec` itself."""
        if not spec.name:
            raise errors.invalid_argument("ModelSpec has no name specified.")
        if spec.HasField("version_label"):
            raise errors.invalid_argument(
                f"Unrecognized servable version label: {spec.version_label}"
            )
        return spec.name, spec.version.value if spec.HasField("version") else None

    @contextmanager
    def use(self, name: str, number: int | None) -> Iterator[tuple[int, SavedModelSession]]:
        """The (number, session) of a model's version, kept loaded inside the `with`.

        Raises:
            ServingError: NOT_FOUND, it is not served.
        """
        if name not in self.by_name:
            raise not_found(name, number)
        with self.by_name[name].use(number) as used:
            yield used


class Poller:
    """Polls the base paths from a thread of its own."""

    def __init__(self, models: Models, seconds: float):
        self._models = models
        self._seconds = seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="poller", daemon=True)

    def start(self) -> None:
        """Begins; with 0 seconds or fewer the base paths are never polled again."""
        if self._seconds > 0:
            self._thread.start()

    def stop(self) -> None:
        """Ends; returns when a load under way is done."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._seconds):
            for model in self._models.by_name.values():
                model.poll()
