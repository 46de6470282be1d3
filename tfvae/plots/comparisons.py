"""Figures of tables: comparisons of runs, and terms over the steps of a run.

A table is a list of rows, each a mapping from columns to values, as `read_table` reads from a CSV
file; rows without a required column are skipped.
"""

import csv
import itertools
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Table = Sequence[Mapping[str, Any]]

# Okabe & Ito's colour-blind-safe palette without the palest colour.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vPX"
MAX_MARKERS = 25  # per line; more would hide it


def read_table(path: str | os.PathLike) -> list[dict[str, Any]]:
    """Reads the rows of a CSV file; numbers become floats and empty cells are dropped."""

    def value(text: str) -> float | str:
        try:
            return float(text)
        except ValueError:
            return text

    with open(path, newline="") as file:
        return [
            {name: value(text) for name, text in row.items() if text}
            for row in csv.DictReader(file)
        ]


def tradeoff(table: Table, x: str, y: str, by: str = "model", label: str | Sequence[str] = ()):
    """Plots one result against another, such as a score against an error.

    Rows with equal `by` and `label` are one setting: its seeds are small dots, their mean is a
    large dot. The means of a family are connected in the order of their settings.

    Args:
        table: rows; those without `x` and `y` are skipped.
        x: column of the horizontal axis.
        y: column of the vertical axis.
        by: column of the family, which sets colour and marker.
        label: columns of coefficients, written next to the means of rows that have them.

    Raises:
        ValueError: if no row has both columns.
    """
    from matplotlib.patheffects import withStroke  # noqa: PLC0415

    names = [label] if isinstance(label, str) else list(label)
    figure, axes = labelled_axes(x, y)
    for style, (family, rows) in zip(_styles(), _groups(table, [by], x, y).items(), strict=False):
        settings = _groups(rows, names)
        keys = sorted(settings, key=lambda key: [(value is not None, value) for value in key])
        means = np.array([[np.mean([r[c] for r in settings[k]]) for c in (x, y)] for k in keys])
        axes.scatter([r[x] for r in rows], [r[y] for r in rows], 14, style["color"], alpha=0.45)
        axes.plot(*means.T, **style, linewidth=1.3, markersize=7.5, label=_text(family[0]))
        for key, mean in zip(keys, means, strict=True):
            text = " ".join(
                f"{name.rpartition('.')[2]}={_text(value)}"
                for name, value in zip(names, key, strict=True)
                if value is not None
            )
            note = axes.annotate(
                text, mean, (7, -11), textcoords="offset points", fontsize=8, color=style["color"]
            )
            note.set_path_effects([withStroke(linewidth=2.5, foreground="white")])
    axes.margins(0.14)
    axes.legend(frameon=False)
    return figure


def curves(
    table: Table,
    y: str | Sequence[str],
    x: str = "step",
    by: str | None = None,
    y_label: str | None = None,
):
    """Plots columns over another: terms over steps, or a score over a coefficient.

    A line shows the mean of the rows with equal `x`; if there are several, such as seeds, they are
    dots, and a band covers their minimum to maximum.

    Args:
        table: rows, such as those of a run's metrics.csv; those without `x` or `y` are skipped.
        y: column, or columns, one line each.
        x: column of the horizontal axis.
        by: column to group by, one line per value; no grouping if None.
        y_label: label of the vertical axis; the column name if None.

    Raises:
        ValueError: if no row has the columns.
    """
    columns = [y] if isinstance(y, str) else list(y)
    several = len(columns) > 1
    figure, axes = labelled_axes(
        x, y_label if y_label is not None else "" if several else columns[0]
    )
    styles = _styles()
    for column in columns:
        for family, rows in _groups(table, [by] if by else [], x, column).items():
            words = [*map(_text, family), *([column.replace("_", " ")] if several else [])]
            _band(axes, rows, x, column, next(styles), " ".join(words))
    if by or several:
        axes.legend(frameon=False)
    return figure


def _band(axes, rows: Table, x: str, y: str, style: dict[str, str], label: str) -> None:
    points = {key[0]: [row[y] for row in group] for key, group in _groups(rows, [x]).items()}
    across = sorted(points)
    low, mean, high = ([f(points[p]) for p in across] for f in (min, np.mean, max))
    few = len(across) <= MAX_MARKERS
    color, marker = style["color"], style["marker"] if few else ""
    axes.plot(across, mean, color=color, marker=marker, markersize=5, label=label)
    if len(rows) > len(across):
        axes.fill_between(across, low, high, color=color, alpha=0.15, linewidth=0)
        if few:
            axes.scatter([r[x] for r in rows], [r[y] for r in rows], 12, color, alpha=0.45)


def _groups(table: Table, by: Sequence[str], *needed: str) -> dict[tuple, list[Mapping[str, Any]]]:
    """Groups the rows that have the columns `needed` by their values of `by` (None if missing)."""
    groups: dict[tuple, list[Mapping[str, Any]]] = {}
    for row in table:
        if all(row.get(column) not in (None, "") for column in needed):
            groups.setdefault(tuple(row.get(column) for column in by), []).append(row)
    if not groups:
        columns = sorted({name for row in table for name in row})
        raise ValueError(f"no row has {' and '.join(needed)}; the table has {', '.join(columns)}")
    return groups


def _styles():
    return (
        {"color": colour, "marker": marker}
        for colour, marker in itertools.cycle(zip(COLOURS, MARKERS, strict=True))
    )


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def labelled_axes(x: str, y: str):
    """Returns a figure and its axes, labelled with the columns `x` and `y`."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(6.4, 4.0), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel(x.replace("_", " "))
    axes.set_ylabel(y.replace("_", " "))
    axes.grid(color="0.92")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
