"""The versions of a model: the folders of its base path that are named by a number."""

import os
import pathlib


def versions(base_path: str | os.PathLike) -> list[int]:
    """Returns the versions under a model's base path, ascending."""
    path = pathlib.Path(base_path)
    children = path.iterdir() if path.is_dir() else []
    return sorted(int(child.name) for child in children if child.name.isdecimal())
