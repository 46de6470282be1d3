"""Figures of a sweep's table."""

from collections.abc import Callable, Sequence
from typing import Any

from tfvae import plots
from trainers.sweeping.results_table import Row, settings


def tradeoff(rows: Sequence[Row], varied: Sequence[str], score: str):
    """Returns a figure of a score against the reconstruction error, one colour per model."""
    error = "reconstruction error (nats)"
    rows = [{**row, error: -row["reconstruction"]} for row in rows]
    return plots.tradeoff(rows, error, score, by=_family(rows), label=varied)


def curves(rows: Sequence[Row], varied: Sequence[str], score: str):
    """Returns a figure of a score over the first numeric field, a line per other setting."""
    first = next(name for name in varied if any(is_number(row.get(name)) for row in rows))
    others = [name for name in varied if name != first]
    family = _family(rows)
    several = len({row[family] for row in rows}) > 1
    lines = [
        {**row, "line": " ".join([row[family]] * several + settings(row, others))} for row in rows
    ]
    return plots.curves(lines, score, x=first, by="line" if several or others else None)


def rate_distortion(rows: Sequence[Row], varied: Sequence[str], score: str):
    """Returns a figure of reconstruction against KL, one colour per model."""
    del score
    return plots.rate_distortion(rows, by=_family(rows), label=varied)


def _family(rows: Sequence[Row]) -> str:
    """The column that colours tell apart: the model, unless a model has several configs."""
    configs = {row["config"] for row in rows}
    return "model" if len(configs) == len({row["model"] for row in rows}) else "config"


def is_number(value: Any) -> bool:
    """Returns whether a field's value is a number, for an axis."""
    return isinstance(value, (int, float))


SWEEP_FIGURES: dict[str, Callable] = {
    "tradeoff": tradeoff,
    "curves": curves,
    "rate_distortion": rate_distortion,
}
