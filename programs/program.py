"""Runs a program from its command line."""

from collections.abc import Callable

from absl import app

from programs import help as program_help
from programs import interrupts


def run(main: Callable, *others: str, **options) -> None:
    """Parses the flags and calls `main`; --help shows its flags, and Ctrl-C ends the process.

    Args:
        main: the program; it takes the arguments that are not flags.
        others: names of flags defined elsewhere that --help shows too.
        options: of `absl.app.run`.
    """
    program_help.show(main, *others)
    with interrupts.handled():
        app.run(main, **options)
