r"""Checks that a SavedModel can be served: python -m serving.check saved_models/shapes

PATH is the folder of a version, or a base path, which checks all of its versions. The program runs
the export checks on any SavedModel, without a server: it reads the graph, and runs every signature
at batch sizes 0, 1 and 3 on TensorFlow's C API in a process without TensorFlow's Python. A problem
that would make the stock server fail is an error. Other problems are errors in a model written by
tfvae.export, and warnings in other models unless --strict is given. The exit code is 1 if there is
an error, else 0.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from programs import interrupts  # noqa: F401  # first: Ctrl-C while the others are imported

# isort: split
from absl import flags

from programs import program
from programs.quiet import quiet_import
from serving.engine import version_folders
from serving.errors import LoadError
from storage.version_folders import find

if TYPE_CHECKING:  # Importing TensorFlow takes seconds; check the paths first.
    from tfvae.saved_model.inspection import Inspection

_STRICT = flags.DEFINE_bool(
    "strict", False, "Report warnings as errors, as for models written by tfvae.export."
)
_HEADINGS = ("signature", "inputs", "outputs", "result")


class PathError(Exception):
    """The path is not a model; the message says what it is."""


def main(argv: Sequence[str]) -> int:
    """Checks every version; returns the exit code."""
    if len(argv) != 2:
        print("serving.check: give one PATH: a version's folder, or a base path", file=sys.stderr)
        return 1
    try:
        folders = version_directories(Path(argv[1]))
    except (PathError, LoadError, OSError) as error:
        print(f"serving.check: {error}", file=sys.stderr)
        return 1
    with quiet_import():
        import tfvae.saved_model.inspection  # noqa: F401, PLC0415
    good = [_check(folder) for folder in folders]
    return 0 if all(good) else 1


def version_directories(path: Path) -> list[Path]:
    """Returns `path` if it is a version, else the versions in a base path, ascending.

    Raises:
        PathError: The path is neither.
        LoadError: A version is a broken link, or links to a folder outside the base path.
    """
    if path.is_file():
        raise PathError(f"{path} is a file; give the folder of a version, or a base path")
    if not path.is_dir():
        raise PathError(f"{path} does not exist")
    if (path / "saved_model.pb").exists():
        return [path]
    if (path / "variables").exists() or (path / "assets.extra").exists():
        raise PathError(f"{path} is incomplete: saved_model.pb is missing")
    found = find(path)
    if not found:
        raise PathError(
            f"{path} has neither saved_model.pb nor a version, a folder named by a number"
        )
    for folder in found.values():
        version_folders.check(path, folder)
    return [folder for _, folder in sorted(found.items())]


def _check(folder: Path) -> bool:
    """Prints the report on one version; returns whether it has no errors."""
    from tfvae.saved_model import inspection  # noqa: PLC0415
    from tfvae.saved_model.c_api import CApiError  # noqa: PLC0415

    try:
        found = inspection.inspect(folder)
    except CApiError as error:
        print(f"{folder}: error: {error}")
        return False
    print(f"{folder}: written by {'tfvae.export' if found.written_by_tfvae else 'another program'}")
    for line in table(found):
        print(f"  {line}".rstrip())
    every = found.written_by_tfvae or _STRICT.value
    for problem in found.problems:
        kind = "error" if problem.is_error or every else "warning"
        print(f"  {kind}: {problem.message}")
    errors = sum(problem.is_error or every for problem in found.problems)
    warnings = len(found.problems) - errors
    verdict = f"{errors} errors" if errors else "can be served"
    if warnings:
        verdict += f", {warnings} warnings"
    print(f"{folder}: {verdict}")
    return not errors


def table(found: Inspection) -> list[str]:
    """Returns the lines of a table of signatures, with a line for each input and output."""
    rows = [_HEADINGS]
    for report in found.signatures:
        columns = (
            [report.name],
            [f"{name} {spec}" for name, spec in report.inputs.items()],
            [f"{name} {spec}" for name, spec in report.outputs.items()],
            [report.result],
        )
        rows += itertools.zip_longest(*columns, fillvalue="")
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]


def run() -> None:
    """Runs the program."""
    program.run(main)


if __name__ == "__main__":
    run()
