"""The version folders of a model: which folders of its base path a server can load."""

from __future__ import annotations

from pathlib import Path

LARGEST_VERSION = 2**63 - 1  # TensorFlow Serving's version numbers are int64.


def find(base_path: Path) -> dict[int, Path]:
    """Finds the versions: folders, or links, with a decimal number as their name.

    Args:
        base_path: the model's directory.

    Returns:
        Number to folder. Symbolic links are included, even broken ones.

    Raises:
        OSError: if the base path cannot be read.
    """
    names = (path for path in base_path.iterdir() if path.name.isascii() and path.name.isdigit())
    return {
        int(path.name): path
        for path in names
        if int(path.name) <= LARGEST_VERSION and (path.is_symlink() or path.is_dir())
    }
