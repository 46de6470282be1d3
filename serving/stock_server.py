"""Hands the command line over to the stock server, `tensorflow_model_server`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from serving import server_flags

BINARY = "tensorflow_model_server"


class StockError(Exception):
    """The stock server cannot be started; says why and what to do."""


def command(given: flags.FlagValues, unknown: Sequence[str]) -> list[str]:
    """The stock server's command line.

    Args:
        given: The flags as parsed.
        unknown: Arguments that are no flags of the embedded server; the stock one may know them.

    Returns:
        The program and its arguments: the flags given on the command line and no others.

    Raises:
        StockError: A flag is of the embedded server alone, or the binary is not on the PATH.
    """
    binary = shutil.which(BINARY)
    arguments = []
    for flag in given.get_flags_for_module(given.find_module_defining_flag("engine")):
        if not flag.present or flag.name == "engine":
            continue
        if flag.name in server_flags.OURS_ALONE:
            raise StockError(
                f"--{flag.name} is a flag of the embedded server alone; leave it out with "
                "--engine=stock, which listens on every address"
            )
        value = f"{flag.value:g}" if isinstance(flag.value, float) else str(flag.value)
        if flag.name == "model_base_path" and "://" not in value:
            value = str(Path(value).resolve())  # The stock server refuses relative paths.
        arguments.append(f"--{flag.name}={value.lower() if flag.boolean else value}")
    if binary is None:
        raise StockError(
            f"{BINARY} is not on the PATH; install TensorFlow Serving, run it in docker "
            "(image tensorflow/serving), or leave out --engine=stock"
        )
    return [binary, *arguments, *unknown]


def execute(arguments: Sequence[str]) -> None:
    """Replaces this process by the stock server; does not return."""
    os.execv(arguments[0], list(arguments))
