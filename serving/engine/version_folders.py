"""Checks the folder of a version before it is loaded; `storage.version_folders` finds them."""

from __future__ import annotations

from pathlib import Path

from serving.errors import LoadError


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
