"""Steps of a small dense model: `fit` as XLA programs, without XLA, and other libraries.

The one-layer network of Burda et al. 2016 (arXiv:1509.00519) on binary 28x28 images, batch 20, with
1 and with 50 samples. The sides are `fit` with the steps of an execution as one program, `fit`
without XLA, JAX with optax (benchmarks/jax_trainer.py), pythae's trainer, and an earlier checkout
of tfvae without XLA if --before names one. All stay alive in processes of their own and take turns;
rounds in which the machine was busy otherwise are left out.

Run: python -m benchmarks.small_models --before=CHECKOUT   (installs pythae and JAX, once)
"""

import pathlib
import sys
import tempfile

import numpy as np
from absl import app, flags

from benchmarks import measurement
from benchmarks.sides import PYTHAE_TRAINER, ROOT, Side, compare, jax_python, pythae_python

_ROUNDS = flags.DEFINE_integer("rounds", 8, "Rounds that count.", lower_bound=5)
_STEPS = flags.DEFINE_integer("steps", 200, "Steps of an epoch; a multiple of 100.", 100)
_MINUTES = flags.DEFINE_float("minutes", 6.0, "Longest time for each number of samples.", 0.1)
_BEFORE = flags.DEFINE_string("before", None, "Checkout of an earlier version.")
_PYTHAE = flags.DEFINE_bool("pythae", True, "Whether to compare with pythae.")
_INK = 0.13  # share of white pixels, as MNIST's; the speed does not depend on it
SETTINGS = {"batch_size": 20, "latents": 50}
# Ratios (numerator, denominator) to goals, by the number of samples.
GOALS = {
    1: {("before", "program"): 2.4, ("jax", "program"): 1.1, ("pythae", "program"): 3.0},
    50: {("before", "program"): 1.4, ("jax", "program"): 1.0, ("pythae", "program"): 2.5},
}


def start_sides(directory: pathlib.Path, num_samples: int) -> dict[str, Side]:
    """Returns the sides, started."""
    images = directory / "images.npy"
    shape = (SETTINGS["batch_size"] * _STEPS.value, 28, 28, 1)
    np.save(images, np.random.default_rng(0).random(shape) < _INK)
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
    shared = [f"--images={images}", f"--num_samples={num_samples}", *settings]
    steps = f"--steps={_STEPS.value}"
    ours = [sys.executable, "-m", "benchmarks.tfvae_trainer", "--model=iwae", *shared, steps]
    commands = {
        "program": [*ours, "--jit=on"],
        "off": ours,
        "jax": [jax_python(), ROOT / "benchmarks/jax_trainer.py", *shared, steps],
    }
    if _PYTHAE.value:
        theirs = ["--model=iwae", *shared, f"--directory={directory}"]
        commands["pythae"] = [pythae_python(), PYTHAE_TRAINER, *theirs]
    if _BEFORE.value:
        there = f'cd "{_BEFORE.value}" && PYTHONPATH="$PWD" exec "$@"'
        commands["before"] = ["sh", "-c", there, "sh", *ours]
    return {name: Side(command, directory / f"{name}.log") for name, command in commands.items()}


def compared(num_samples: int) -> dict:
    """Returns the medians and ratios for a number of samples."""
    with tempfile.TemporaryDirectory() as directory:
        sides = start_sides(pathlib.Path(directory), num_samples)
        seconds, left_out = compare(sides, _ROUNDS.value, _MINUTES.value)
    rounds = len(seconds.get("program", ()))
    measurement.require_quiet(rounds, rounds + left_out)
    result: dict = {"rounds": rounds, "rounds_left_out": left_out, "ms_per_step": {}}
    for name, values in seconds.items():
        result["ms_per_step"][name] = round(1000 * float(np.median(values)) / _STEPS.value, 3)
    goals = {pair: goal for pair, goal in GOALS[num_samples].items() if pair[0] in seconds}
    for (above, below), goal in {**goals, ("off", "program"): 1.0}.items():
        ratio = measurement.ratio(seconds[above], seconds[below])
        result[f"{above} / {below}"] = {**ratio, "goal": goal, "met": ratio["median"] >= goal}
    return result


def main(argv) -> None:
    del argv
    result: dict = {"machine": measurement.machine(), **SETTINGS}
    for num_samples in GOALS:
        result[f"{num_samples} samples"] = compared(num_samples)
        print(num_samples, "samples", result[f"{num_samples} samples"], flush=True)
    measurement.save("small_models", result)


if __name__ == "__main__":
    app.run(main)
