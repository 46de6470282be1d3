"""The folders of a model's versions: found, and checked before they are loaded."""

from __future__ import annotations

from pathlib import Path

from serving.errors import LoadError

_LARGEST = 2**63 - 1


def find(base_path: Path) -> dict[int, Path]:
    """Finds the versions in a base path: what is named by an integer and is, or leads to, a folder.

    Returns:
        Number to folder. A symbolic link is among them wherever it leads; `check` tells.

    Raises:
        OSError: The base path cannot be read.
    """
    names = (path for path in base_path.iterdir() if path.name.isascii() and path.name.isdigit())
    return {
        int(path.name): path
        for path in names
        if int(path.name) <= _LARGEST and (path.is_symlink() or path.is_dir())
    }


def check(base_path: Path, folder: Path) -> None:
    """Checks that a version's folder is there, and in the base path also when links are followed.

    Raises:
        LoadError: It is not.
    """
    try:
        real = folder.resolve(strict=True)
    except RuntimeError as error:  # pathlib's for a loop, of Python before 3.13
        raise LoadError(f"{folder} is a loop of symbolic links") from error
    except OSError as error:
        raise LoadError(f"{folder} cannot be read: {error.strerror}") from error
    if not real.is_dir():
        raise LoadError(f"{folder} leads to {real}, which is not a folder")
    if not real.is_relative_to(base_path.resolve()):
        raise LoadError(
            f"{folder} leads to {real}, outside the base path; copy the version into {base_path}"
        )
