"""The progress of a run: its newest checkpoint, and the results that are missing."""

import pathlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple


class Evaluation(NamedTuple):
    """An evaluation by `trainers.evaluate`: the values of its flags.

    Attributes:
        metrics: names of metrics.
        votes: training votes of a score.
        num_samples: samples of the log-likelihood; 0: no log-likelihood.
        seed: seed of all random draws.
    """

    metrics: Sequence[str]
    votes: int
    num_samples: int
    seed: int

    @property
    def flags(self) -> list[str]:
        """The flags of `trainers.evaluate`."""
        return [
            f"--metrics={','.join(self.metrics)}",
            f"--votes={self.votes}",
            f"--num_samples={self.num_samples}",
            f"--seed={self.seed}",
        ]


def newest_step(directory: pathlib.Path) -> int:
    """Returns the step of a run's newest checkpoint, 0 if it has none."""
    indices = (directory / "checkpoints").glob("ckpt-*.index")
    return max((int(path.stem.rpartition("-")[2]) for path in indices), default=0)


def missing(
    results: dict[str, Any], evaluation: Evaluation, known: Iterable[str]
) -> Evaluation | None:
    """Returns the part of `evaluation` that `results` lacks, None if it lacks nothing.

    Args:
        results: results of the run's last step; empty if it was not evaluated.
        evaluation: the results wanted.
        known: the names of all metrics.
    """
    if results.get("seed") != evaluation.seed:
        return evaluation
    metrics = [
        name
        for name in evaluation.metrics
        if not keys_of(name, results, known)
        or results.get(f"{name}_votes", evaluation.votes) != evaluation.votes
    ]
    samples = evaluation.num_samples
    if results.get("log_likelihood_num_samples") == samples:
        samples = 0
    return evaluation._replace(metrics=metrics, num_samples=samples) if metrics or samples else None


def keys_of(metric: str, results: Iterable[str], known: Iterable[str]) -> list[str]:
    """Returns the keys of a metric; a key belongs to the longest name that it starts with."""
    names = sorted(known, key=len, reverse=True)
    return [
        key
        for key in results
        if next((name for name in names if key.startswith(f"{name}_")), None) == metric
    ]
