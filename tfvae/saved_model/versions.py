"""The versions of a model: the numbered folders in its base path."""

import os
import pathlib


def versions(base_path: str | os.PathLike) -> list[int]:
    """Returns the versions in a model's base path, ascending."""
    path = pathlib.Path(base_path)
    children = path.iterdir() if path.is_dir() else []
    return sorted(int(child.name) for child in children if child.name.isdecimal())


def version_directory(path: str | os.PathLike) -> pathlib.Path:
    """Returns a version's directory: `path` itself, or the newest complete version in a base path.

    Raises:
        FileNotFoundError: if there is no exported model.
    """
    directory = pathlib.Path(path)
    newest_first = [directory / str(version) for version in reversed(versions(directory))]
    for candidate in (directory, *newest_first):
        if (candidate / "saved_model.pb").is_file():
            return candidate
    raise FileNotFoundError(
        f"path: {directory} is neither a version's directory, with a saved_model.pb, nor a base "
        "path with versions (1, 2, ...); export a model there"
    )
