"""Time that training loses to a checkpoint, and the cost of resuming.

Both are measured on FactorVAE with its published networks, including the optimizer state. A
checkpoint blocks training during the call of `save`, between two executions, and slows the next
execution by its copies. The cost of resuming is the time of a process that starts, restores, takes
one execution of steps and ends, minus restoring and those steps. Elapsed time is too high on a busy
machine, so processor time is recorded as well.

Run: python -m benchmarks.checkpoint_cost
"""

import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np
from absl import app, flags

from benchmarks import measurement
from tfvae.training.checkpoints import Checkpoints
from tfvae.training.jit import MAX_STEPS_WITHOUT_XLA
from trainers.configs import factor_vae_shapes2d
from trainers.runs.construct import build_data, build_model

_SAVES = flags.DEFINE_integer("saves", 20, "Checkpoints.", lower_bound=3)
_GOALS = {"blocked_ms": 50.0, "resume_seconds": 10.0}
_WARM_UP = 2
CONFIG = "trainers/configs/factor_vae_shapes2d.py"
FLAGS = ["--config.log_every=20", "--config.evaluation.examples_in_training=0"]


def saving(directory: pathlib.Path) -> dict:
    """Returns the median cost of a save in milliseconds; keeps the last one in `directory`."""
    config = factor_vae_shapes2d.get_config()
    data, _ = build_data(config)
    model = build_model(config, data)
    model.steps_per_execution = MAX_STEPS_WITHOUT_XLA // 4
    model.make_train_function()
    iterator = iter(data.batches(config.batch_size, model.seed))
    checkpoints = Checkpoints(model, directory)

    def execution() -> float:
        started = time.perf_counter()
        for mean in model.train_function(iterator).values():
            mean.numpy()
        return time.perf_counter() - started

    blocked, written, plain, after = [], [], [], []
    for _ in range(_WARM_UP + _SAVES.value):
        execution()
        plain.append(execution())
        started = time.perf_counter()
        checkpoints.save(background=True)
        blocked.append(time.perf_counter() - started)
        after.append(execution())
        checkpoints.wait()
        written.append(time.perf_counter() - started)
    size = sum(np.prod(v.shape) * 4 for v in model.variables) + sum(
        np.prod(v.shape) * 4 for p in model.players() for v in p.optimizer.variables
    )

    def median(seconds) -> float:
        return round(1000 * float(np.median(seconds[_WARM_UP:])), 1)

    return {
        "megabytes": round(float(size) / 1e6, 1),
        "blocked_ms": median(blocked),
        "blocked_ms_at_most": round(1000 * max(blocked[_WARM_UP:]), 1),
        "execution_ms": median(plain),
        "execution_while_writing_ms": median(after),
        "until_written_ms": median(written),
    }


def restoring(directory: pathlib.Path) -> float:
    """Returns the time to restore, in seconds."""
    config = factor_vae_shapes2d.get_config()
    model = build_model(config, build_data(config)[0])
    started = time.perf_counter()
    Checkpoints(model, directory).restore()
    return time.perf_counter() - started


def train(workdir: pathlib.Path, steps: int) -> tuple[float, float]:
    """Returns the elapsed time and processor time of the command, in seconds."""
    command = [sys.executable, "-m", "trainers.train", f"--config={CONFIG}", *FLAGS]
    started, used = time.perf_counter(), _processor_seconds()
    subprocess.run(
        [*command, f"--workdir={workdir}", f"--config.steps={steps}"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - started, _processor_seconds() - used


def _processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main(argv) -> None:
    del argv
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        result = {"machine": measurement.machine(), **saving(directory / "saved")}
        restored = restoring(directory / "saved")
        train(directory / "run", 20)
        resumed, processor = train(directory / "run", 40)
    steps = 20 * result["execution_ms"] / 1000 / (MAX_STEPS_WITHOUT_XLA // 4)
    result["restore_seconds"] = round(restored, 2)
    result["resumed_process_seconds"] = round(resumed, 2)
    result["resumed_process_processor_seconds"] = round(processor, 2)
    result["resume_seconds"] = round(resumed - restored - steps, 2)
    result["met"] = {name: bool(result[name] < goal) for name, goal in _GOALS.items()}
    for key, value in result.items():
        print(f"{key:28} {value}")
    measurement.save("checkpoint_cost", result)


if __name__ == "__main__":
    app.run(main)
