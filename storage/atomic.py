"""Writes files and folders under a temporary name beside them and renames them when whole."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SUFFIX = ".partial"  # of temporary names; they start with a dot


@contextlib.contextmanager
def replacing(path: Path, durable: bool = False) -> Iterator[Path]:
    """Yields a temporary path for the new `path`, renamed to it when the block ends.

    If the block raises, the temporary file or folder is deleted and `path` does not change. A
    killed process leaves it; no reader takes it for `path`.

    Args:
        path: a file, which may exist, or a folder, which may not.
        durable: whether a file survives a power failure once the block has ended (fsync).

    Raises:
        OSError: if it cannot be written or renamed.
    """
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}{SUFFIX}")
    try:
        yield partial
        if durable:
            _sync(partial)
        os.replace(partial, path)
        if durable:
            _sync(path.parent)
    except BaseException:
        if partial.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
        else:
            partial.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str, durable: bool = False) -> None:
    """Writes a text file by `replacing`."""
    with replacing(path, durable) as partial:
        partial.write_text(text)


def write_json(path: Path, value: Any, durable: bool = False) -> None:
    """Writes a value as indented JSON by `replacing`."""
    write_text(path, json.dumps(value, indent=2) + "\n", durable)


def _sync(path: Path) -> None:
    """Writes a file's data, or a folder's names, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
