"""Programs run as children of this one, stopped together."""

import fcntl
import os
import pathlib
import subprocess
import sys
import threading
from collections.abc import Sequence


class Stopped(Exception):
    """No further child is started: all are being stopped."""


class Children:
    """Runs programs of this package and can stop those that run; may be shared by threads.

    Args:
        processes: how many are run at once; of more than one, each gets its share of the cores.
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
            BlockingIOError: where a child that writes to the same log is still running.
        """
        command = [sys.executable, "-m", module, *arguments]
        with log.open("a") as output:
            # The lock is held by whoever has the file open: by the child too, and so for as long
            # as it lives, even if this process is killed.
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
        """Ends every child that runs. What they write is written whole, so that none is harmed."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                process.terminate()
