"""The table of a sweep's results: rows, CSV and ranking."""

import pathlib
import statistics
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from storage import csv_table
from tfvae.arguments import did_you_mean
from trainers.sweeping.grid import PlannedRun, value_text

Row = dict[str, Any]


def row(run: PlannedRun, results: dict[str, Any]) -> Row:
    """Returns the row of a finished run: its config, varied fields, time and results."""
    results = dict(results)
    return {
        "run": run.name,
        "config": run.config_file.stem,
        "model": run.config.model.name,
        **run.varied,
        "seed": run.config.seed,
        "step": results.pop("step"),
        "training_seconds": training_seconds(run.directory),
        "evaluation_seed": results.pop("seed"),
        **results,
    }


def training_seconds(directory: str | pathlib.Path) -> int:
    """Returns the training time of a run in seconds, over all times it was resumed.

    Each start writes a file of TensorBoard events; an event has the time it was written.
    """
    total = 0.0
    for path in pathlib.Path(directory).glob("events.out.tfevents.*"):
        times = []
        try:
            for record in tf.data.TFRecordDataset(str(path)):
                times.append(tf.compat.v1.Event.FromString(record.numpy()).wall_time)
        except tf.errors.DataLossError:
            pass  # the last record of a killed run; the earlier ones count
        total += times[-1] - times[0] if times else 0.0
    return round(total)


def write_csv(rows: Sequence[Row], varied: Sequence[str], path: pathlib.Path) -> None:
    """Writes rows atomically.

    Args:
        rows: of the runs; models differ in their results.
        varied: the columns of varied fields.
        path: the file.
    """
    csv_table.write(path, rows, ["run", "config", "model", *varied, "seed"])


def settings(row: Row, varied: Sequence[str]) -> list[str]:
    """Returns COLUMN=VALUE for each of the columns `varied` that a row has."""
    return [f"{name}={value_text(row[name])}" for name in varied if name in row]


def ranking(rows: Sequence[Row], varied: Sequence[str], by: str) -> str:
    """Returns a printed table, best (largest) first: mean, least and largest over the seeds.

    Args:
        rows: the sweep's rows; those without `by` are left out.
        varied: the columns that, with the config, identify runs up to their seed.
        by: column of numbers.

    Raises:
        ValueError: if no row has it.
    """
    groups: dict[str, list[float]] = {}
    for row in rows:
        if by in row:
            name = " ".join([row["config"], *settings(row, varied)])
            groups.setdefault(name, []).append(row[by])
    if not groups:
        columns = {name for row in rows for name in row}
        raise ValueError(f"--rank_by is {by!r}; {did_you_mean(by, columns)}")
    means = {name: statistics.fmean(values) for name, values in groups.items()}
    width = max(map(len, means))
    lines = [f"{'':4s}{'':{width}s}  {by}: mean  (least to largest)  seeds"]
    for place, name in enumerate(sorted(means, key=lambda name: -means[name]), 1):
        values = groups[name]
        spread = f"({min(values):.4g} to {max(values):.4g})"
        lines.append(f"{place:3d} {name:{width}s}  {means[name]:.4g}  {spread}  {len(values)}")
    return "\n".join(lines)
