"""The program `tfvae-client`, or `python -m serving.client`; see `command`."""

import os
import signal
from typing import NoReturn

_INTERRUPTED = 130  # exit code


def run() -> NoReturn:
    """The program. Ctrl-C ends it at once, from before NumPy and gRPC are imported.

    A KeyboardInterrupt during imports would be a traceback, and later would wait for the requests
    under way. An ignored SIGINT (of a job in the background) stays ignored.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda *_: os._exit(_INTERRUPTED))
    from . import command  # noqa: PLC0415

    command.run()


if __name__ == "__main__":
    run()
