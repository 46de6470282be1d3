"""Ctrl-C at any moment of a program: exit code 130, and no traceback.

A program imports this module before all that takes long. KeyboardInterrupt cannot be caught around
its imports, and TensorFlow's own handlers of exceptions may swallow it; until `handled` begins,
there is also nothing to save.
"""

import contextlib
import os
import pathlib
import signal
import sys
from collections.abc import Iterator

INTERRUPTED = 130  # exit code
_PROGRAMS = ("trainers.", "serving.", "examples.")  # started by python -m
_COMMAND = "tfvae-"  # started by name


def _is_program() -> bool:
    """Whether this process was started as a program of ours; else its signals are not ours."""
    main = sys.modules["__main__"]
    if main.__spec__ is not None:
        return main.__spec__.name.startswith(_PROGRAMS)
    return pathlib.Path(getattr(main, "__file__", "")).name.startswith(_COMMAND)


def _exit_at_once(*_) -> None:
    os._exit(INTERRUPTED)


@contextlib.contextmanager
def handled() -> Iterator[None]:
    """From here on Ctrl-C raises KeyboardInterrupt; ends the process where nobody catches it.

    The process ends without waiting for its threads, which would go on with what was interrupted.
    """
    try:
        if signal.getsignal(signal.SIGINT) is _exit_at_once:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
    except KeyboardInterrupt:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(INTERRUPTED)


# An ignored SIGINT (of a job in the background) stays ignored.
if _is_program() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, _exit_at_once)
