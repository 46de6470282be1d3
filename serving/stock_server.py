"""Starts the stock server, `tensorflow_model_server`, with the same command line."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from serving import server_flags

BINARY = "tensorflow_model_server"


class StockError(Exception):
    """The stock server cannot be started; the message says why and what to do."""


def command(given: flags.FlagValues, unknown: Sequence[str]) -> list[str]:
    """Returns the stock server's command line.

    Args:
        given: The parsed flags.
        unknown: Arguments that the embedded server does not know; passed on unchanged.

    Returns:
        The program and its arguments: only the flags that the command line sets.

    Raises:
        StockError: A flag exists only in the embedded server, or the binary is not on the PATH.
    """
    binary = shutil.which(BINARY)
    arguments = []
    for flag in given.get_flags_for_module(given.find_module_defining_flag("engine")):
        if not flag.present or flag.name == "engine":
            continue
        if flag.name in server_flags.EMBEDDED_ONLY:
            raise StockError(
                f"--{flag.name} is a flag of the embedded server only; remove it with "
                "--engine=stock, which listens on every address"
            )
        value = f"{flag.value:g}" if isinstance(flag.value, float) else str(flag.value)
        if flag.name == "model_base_path" and "://" not in value:
            value = str(Path(value).resolve())  # The stock server refuses relative paths.
        arguments.append(f"--{flag.name}={value.lower() if flag.boolean else value}")
    if binary is None:
        raise StockError(
            f"{BINARY} is not on the PATH; install TensorFlow Serving, run it in docker "
            "(image tensorflow/serving), or remove --engine=stock"
        )
    return [binary, *arguments, *unknown]


def execute(arguments: Sequence[str]) -> None:
    """Replaces this process with the stock server; does not return."""
    os.execv(arguments[0], list(arguments))
