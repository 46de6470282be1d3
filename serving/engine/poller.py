"""A function called from time to time, from a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

_LOGGER = logging.getLogger(__name__)


class Poller:
    """Calls a function until it is stopped, also when a call fails."""

    def __init__(self, function: Callable[[], None], seconds: float, name: str):
        """Prepares it.

        Args:
            function: What is called.
            seconds: Between the end of a call and the next; with 0 or less it is never called.
            name: Of the thread, and in the log.
        """
        self._function = function
        self._seconds = seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begins, `seconds` from now."""
        if self._seconds > 0:
            self._thread.start()

    def stop(self) -> None:
        """Ends; returns when a call under way is done."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._seconds):
            try:
                self._function()
            except Exception:  # The next call may do better, and nobody else would make it.
                _LOGGER.exception("%s failed, and goes on", self._thread.name)
