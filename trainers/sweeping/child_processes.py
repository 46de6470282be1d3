"""Programs run as children of this one, stopped together."""

import fcntl
import os
import pathlib
import subprocess
import sys
import threading
from collections.abc import Sequence


class Stopped(Exception):
    """Raised for a child that would start after `Children.stop`."""


class Children:
    """Runs programs of this package and can stop them; thread-safe.

    Args:
        processes: number that run at the same time; they share the cores.
    """

    def __init__(self, processes: int):
        self._environment = dict(os.environ)
        if processes > 1:
            cores = len(os.sched_getaffinity(0))
            self._environment["TF_NUM_INTRAOP_THREADS"] = str(max(1, cores // processes))
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen] = set()
        self._stopped = False

    def run(self, module: str, arguments: Sequence[str], log: pathlib.Path) -> int:
        """Runs `python -m module arguments`, its output added to `log`; returns its exit code.

        Raises:
            Stopped: after `stop`.
            BlockingIOError: if a child that writes to the same log is still running.
        """
        command = [sys.executable, "-m", module, *arguments]
        with log.open("a") as output:
            # The child has the file open too, so it keeps the lock until it ends, even if this
            # process is killed.
            fcntl.flock(output, fcntl.LOCK_EX | fcntl.LOCK_NB)
            print(f"$ python {' '.join(command[1:])}", file=output, flush=True)
            with self._lock:
                if self._stopped:
                    raise Stopped
                process = subprocess.Popen(
                    command, stdout=output, stderr=subprocess.STDOUT, env=self._environment
                )
                self._running.add(process)
        try:
            return process.wait()
        finally:
            with self._lock:
                self._running.discard(process)

    def stop(self) -> None:
        """Stops every running child. They write files atomically, so this is safe."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                process.terminate()
