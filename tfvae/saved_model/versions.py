"""The versions of an exported model, and the folder of the newest."""

import os
import pathlib

from storage import version_folders


def versions(base_path: str | os.PathLike) -> list[int]:
    """Returns the versions under a model's base path, ascending; none if there is no such path."""
    return sorted(_folders(pathlib.Path(base_path)))


def _folders(base_path: pathlib.Path) -> dict[int, pathlib.Path]:
    return version_folders.find(base_path) if base_path.is_dir() else {}


def version_directory(path: str | os.PathLike) -> pathlib.Path:
    """Returns a version's directory: `path` itself, or the newest complete version in a base path.

    Raises:
        FileNotFoundError: if there is no exported model.
    """
    directory = pathlib.Path(path)
    newest_first = [folder for _, folder in sorted(_folders(directory).items(), reverse=True)]
    for candidate in (directory, *newest_first):
        if (candidate / "saved_model.pb").is_file():
            return candidate
    raise FileNotFoundError(
        f"path: {directory} is neither a version's directory, with a saved_model.pb, nor a base "
        "path with versions (1, 2, ...); export a model there"
    )
