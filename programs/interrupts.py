"""Ctrl-C at any time ends a program with exit code 130, without a traceback.

A program imports this module before slow imports, in which KeyboardInterrupt cannot be caught, and
TensorFlow's own exception handlers may swallow it. Until `handled` begins there is nothing to save.
"""

import contextlib
import os
import pathlib
import signal
import sys
from collections.abc import Iterator

INTERRUPTED = 130  # exit code
_PROGRAMS = ("trainers.", "serving.", "examples.")  # started with python -m
_COMMAND = "tfvae-"  # started as a command


def _is_program() -> bool:
    """Returns whether this process is one of tfvae's programs; in others, leave signals alone."""
    main = sys.modules["__main__"]
    if main.__spec__ is not None:
        return main.__spec__.name.startswith(_PROGRAMS)
    return pathlib.Path(getattr(main, "__file__", "")).name.startswith(_COMMAND)


def _exit_at_once(*_) -> None:
    os._exit(INTERRUPTED)


@contextlib.contextmanager
def handled() -> Iterator[None]:
    """Makes Ctrl-C raise KeyboardInterrupt, and ends the process if it is not caught.

    The process ends without waiting for its threads, which would continue the interrupted work.
    """
    try:
        if signal.getsignal(signal.SIGINT) is _exit_at_once:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
    except KeyboardInterrupt:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(INTERRUPTED)


# An ignored SIGINT, as in a background job, stays ignored.
if _is_program() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, _exit_at_once)
