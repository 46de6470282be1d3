"""Calls a function periodically in its own thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

_LOGGER = logging.getLogger(__name__)


class Poller:
    """Calls a function periodically until it is stopped; failed calls are logged."""

    def __init__(self, function: Callable[[], None], seconds: float, name: str):
        """Creates the poller, not started.

        Args:
            function: Function to call.
            seconds: Pause between two calls; 0 or less disables the poller.
            name: Name of the thread, also used in the log.
        """
        self._function = function
        self._seconds = seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Starts; the first call is `seconds` from now."""
        if self._seconds > 0:
            self._thread.start()

    def stop(self) -> None:
        """Stops; waits for a call in progress."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._seconds):
            try:
                self._function()
            except Exception:  # Keep polling: the next call may succeed.
                _LOGGER.exception("%s failed; it continues", self._thread.name)
