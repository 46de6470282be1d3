"""Kills training at random moments, and compares the result with an uninterrupted run.

A run is started and killed (`kill -9`) at a random moment: a random time after a random number of
checkpoints, possibly none. The same command restarts it, several times, and the last run completes.
Its last checkpoint and metrics.csv must equal those of an uninterrupted run bit for bit.

Run: python -m benchmarks.chaos --kills=30
"""

import pathlib
import random
import subprocess
import sys
import tempfile
import time

import numpy as np
import tensorflow as tf
from absl import app, flags

from trainers.runs.evaluations import newest_step

ROOT = pathlib.Path(__file__).parents[1]
KILLS = flags.DEFINE_integer("kills", 30, "Kills.", lower_bound=1)
STEPS = flags.DEFINE_integer("steps", 12_000, "Steps of a run.", lower_bound=1)
SEED = flags.DEFINE_integer("seed", 0, "Seed of the kill times.")
TRAIN = flags.DEFINE_list(
    "train_flags",
    [
        "--config=decomposition_pinwheel",
        "--config.log_every=20",
        "--config.evaluation.examples_in_training=0",
    ],
    "Flags of trainers.train.",
)
SECONDS = flags.DEFINE_float(
    "seconds", 3.0, "A start is killed at most so long after the checkpoint that is waited for."
)
MOST_CHECKPOINTS = 3  # that a start may save


def start(workdir: pathlib.Path, steps: int, train_flags: list[str]) -> subprocess.Popen:
    command = [sys.executable, "-m", "trainers.train", f"--workdir={workdir}", *train_flags]
    log = (workdir.parent / f"{workdir.name}.log").open("a")
    return subprocess.Popen(
        [*command, f"--config.steps={steps}"], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
    )


def finish(workdir: pathlib.Path, steps: int, train_flags: list[str]) -> None:
    process = start(workdir, steps, train_flags)
    if process.wait():
        log = workdir.parent / f"{workdir.name}.log"
        raise RuntimeError(f"training failed:\n{log.read_text()[-2000:]}")


def state(workdir: pathlib.Path, steps: int) -> dict[str, np.ndarray]:
    reader = tf.train.load_checkpoint(str(workdir / "checkpoints" / f"ckpt-{steps}"))
    names = reader.get_variable_to_shape_map()
    kept = ("weights/", "optimizer/", "means/")
    return {name: reader.get_tensor(name) for name in names if name.startswith(kept)}


def wait_for_checkpoints(process: subprocess.Popen, workdir: pathlib.Path, more: int) -> None:
    """Waits for a number of new checkpoints."""
    for _ in range(more):
        previous = newest_step(workdir)
        while newest_step(workdir) == previous and process.poll() is None:
            time.sleep(0.01)


def survive(
    directory: pathlib.Path,
    kills: int,
    seconds: float,
    steps: int,
    seed: int,
    train_flags: list[str],
) -> int:
    """Kills a run `kills` times; returns the number of distinct checkpoints at the kills.

    Raises:
        RuntimeError: if the result differs from an uninterrupted run, or the run ends too soon.
    """
    moments = random.Random(seed)
    killed, whole = directory / "killed", directory / "whole"
    steps_at_kills = []
    for number in range(1, kills + 1):
        process = start(killed, steps, train_flags)
        wait_for_checkpoints(process, killed, moments.randint(0, MOST_CHECKPOINTS))
        time.sleep(moments.uniform(0, seconds))
        if process.poll() is not None:
            raise RuntimeError("the run completed before it was killed; increase --steps")
        process.kill()
        process.wait()
        steps_at_kills.append(newest_step(killed))
        print(f"kill {number}, the newest checkpoint being {steps_at_kills[-1]}", flush=True)
    finish(killed, steps, train_flags)
    finish(whole, steps, train_flags)
    left, right = state(killed, steps), state(whole, steps)
    unlike = [name for name in right if not np.array_equal(left.get(name), right[name])]
    tables = [(workdir / "metrics.csv").read_text() for workdir in (killed, whole)]
    if unlike or left.keys() != right.keys() or tables[0] != tables[1]:
        raise RuntimeError(f"the runs differ: {unlike or 'metrics.csv'}")
    return len(set(steps_at_kills) - {0})


def main(argv) -> None:
    del argv
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as directory:
        points = survive(
            pathlib.Path(directory),
            KILLS.value,
            SECONDS.value,
            STEPS.value,
            SEED.value,
            TRAIN.value,
        )
    print(
        f"{KILLS.value} kills, the run being at {points} different checkpoints; weights, optimizer "
        f"and metrics.csv after {STEPS.value:,} steps are those of a run that nobody killed "
        f"({time.perf_counter() - started:.0f} s)"
    )


if __name__ == "__main__":
    app.run(main)
