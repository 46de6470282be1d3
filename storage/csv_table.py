"""Writes tables as CSV files."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from storage import atomic


def write(path: Path, rows: Sequence[Mapping[str, Any]], first: Iterable[str] = ()) -> None:
    """Writes rows atomically; a cell is empty if its row lacks the column.

    Args:
        path: the file.
        rows: column to value; rows may differ in their columns.
        first: the leftmost columns; the others follow in the order in which rows have them.
    """
    columns = dict.fromkeys([*first, *(name for row in rows for name in row)])
    with atomic.replacing(path) as partial, partial.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(columns), restval="")
        writer.writeheader()
        writer.writerows(rows)
