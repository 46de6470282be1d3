"""How far a run is: its newest checkpoint, and what its results lack."""

import pathlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple


class Evaluation(NamedTuple):
    """What is asked of `trainers.evaluate`: the values of its flags.

    Attributes:
        metrics: names of metrics.
        votes: training votes of a score.
        num_samples: samples of the log-likelihood; none where 0.
        seed: seed of all that is drawn.
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
    """Returns the step of a run's newest checkpoint, 0 where it has none."""
    indices = (directory / "checkpoints").glob("ckpt-*.index")
    return max((int(path.stem.rpartition("-")[2]) for path in indices), default=0)


def missing(results: dict[str, Any], asked: Evaluation, known: Iterable[str]) -> Evaluation | None:
    """Returns the part of `asked` that `results` lacks, None where it lacks nothing.

    Args:
        results: results of the run's last step; empty where it was not evaluated.
        asked: what they must hold.
        known: the names of all metrics.
    """
    if results.get("seed") != asked.seed:
        return asked
    metrics = [
        name
        for name in asked.metrics
        if not keys_of(name, results, known)
        or results.get(f"{name}_votes", asked.votes) != asked.votes
    ]
    samples = asked.num_samples
    if results.get("log_likelihood_num_samples") == samples:
        samples = 0
    return asked._replace(metrics=metrics, num_samples=samples) if metrics or samples else None


def keys_of(metric: str, results: Iterable[str], known: Iterable[str]) -> list[str]:
    """Returns the results of a metric: the longest known name that a key begins with is its own."""
    names = sorted(known, key=len, reverse=True)
    return [
        key
        for key in results
        if next((name for name in names if key.startswith(f"{name}_")), None) == metric
    ]
