"""Figures of a sweep's table."""

from collections.abc import Callable, Sequence
from typing import Any

from tfvae import plots
from trainers.sweeping.results_table import Row, settings


def tradeoff(rows: Sequence[Row], varied: Sequence[str], score: str):
    """Returns a figure of a score against the reconstruction error, a colour for each model."""
    error = "reconstruction error (nats)"
    rows = [{**row, error: -row["reconstruction"]} for row in rows]
    return plots.tradeoff(rows, error, score, by=_family(rows), label=varied)


def curves(rows: Sequence[Row], varied: Sequence[str], score: str):
    """Returns a figure of a score over the first field of numbers, a line for each of the rest."""
    first = next(name for name in varied if any(is_number(row.get(name)) for row in rows))
    others = [name for name in varied if name != first]
    family = _family(rows)
    several = len({row[family] for row in rows}) > 1
    lines = [
        {**row, "line": " ".join([row[family]] * several + settings(row, others))} for row in rows
    ]
    return plots.curves(lines, score, x=first, by="line" if several or others else None)


def rate_distortion(rows: Sequence[Row], varied: Sequence[str], score: str):
    """Returns a figure of reconstruction against KL, a colour for each model."""
    del score
    return plots.rate_distortion(rows, by=_family(rows), label=varied)


def _family(rows: Sequence[Row]) -> str:
    """Models, unless one has several configs."""
    configs = {row["config"] for row in rows}
    return "model" if len(configs) == len({row["model"] for row in rows}) else "config"


def is_number(value: Any) -> bool:
    """Returns whether a field's value can stand on an axis."""
    return isinstance(value, (int, float))


DRAW: dict[str, Callable] = {
    "tradeoff": tradeoff,
    "curves": curves,
    "rate_distortion": rate_distortion,
}
