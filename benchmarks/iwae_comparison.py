"""Steps per second of IWAE with 50 samples, compared with pythae's, and with one sample.

The one-layer network of Burda et al. 2016 (arXiv:1509.00519) on binary 28x28 images, batch 20.
Both sides use their default trainer: pythae its `BaseTrainer`, tfvae `fit` with and without XLA
(`trainers.train --jit=auto` selects the faster one). Each side runs in its own process, and they
take turns; rounds are dropped if the machine was busy.

Run: python -m benchmarks.iwae_comparison   (installs pythae in .venv-pythae, once)
"""

import pathlib
import sys
import tempfile

import numpy as np
from absl import app, flags

from benchmarks import measurement
from benchmarks.sides import PYTHAE_TRAINER, Side, compare, pythae_python

_ROUNDS = flags.DEFINE_integer("rounds", 12, "Counted epochs per side.", lower_bound=5)
_STEPS = flags.DEFINE_integer("steps", 200, "Steps per epoch; a multiple of 20.", lower_bound=20)
_MINUTES = flags.DEFINE_float("minutes", 6.0, "Time limit.", lower_bound=0.1)
_INK = 0.13  # fraction of white pixels, as in MNIST; the speed does not depend on it

SETTINGS = {"batch_size": 20, "latents": 50}
NUM_SAMPLES = 50


def start_sides(directory: pathlib.Path, steps: int) -> dict[str, Side]:
    """Returns the sides, started."""
    images = directory / "images.npy"
    shape = (SETTINGS["batch_size"] * steps, 28, 28, 1)
    np.save(images, np.random.default_rng(0).random(shape) < _INK)
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
    shared = ["--model=iwae", f"--images={images}", *settings]
    ours = [sys.executable, "-m", "benchmarks.tfvae_trainer", *shared, f"--steps={steps}"]
    many, one = f"--num_samples={NUM_SAMPLES}", "--num_samples=1"
    commands = {
        "pythae": [pythae_python(), PYTHAE_TRAINER, *shared, many, f"--directory={directory}"],
        "off": [*ours, many],
        "on": [*ours, many, "--jit=on"],
        "one sample, off": [*ours, one],
        "one sample, on": [*ours, one, "--jit=on"],
    }
    return {name: Side(command, directory / f"{name}.log") for name, command in commands.items()}


def main(argv) -> None:
    del argv
    with tempfile.TemporaryDirectory() as directory:
        sides = start_sides(pathlib.Path(directory), _STEPS.value)
        seconds, left_out = compare(sides, _ROUNDS.value, _MINUTES.value)
    rounds = len(seconds.get("pythae", ()))
    measurement.require_quiet(rounds, rounds + left_out)
    chosen = min(("off", "on"), key=lambda name: np.median(seconds[name]))
    claims = {  # numerator, denominator, goal
        "pythae / without XLA": ("pythae", "off", 1.35),
        f"pythae / what --jit=auto takes ({chosen})": ("pythae", chosen, 1.8),
        f"50 samples / one ({chosen})": (chosen, f"one sample, {chosen}", 10.0),
    }
    result: dict = {"machine": measurement.machine(), **SETTINGS, "num_samples": NUM_SAMPLES}
    result |= {"rounds": rounds, "rounds_left_out": left_out, "ms_per_step": {}}
    for name, values in seconds.items():
        result["ms_per_step"][name] = round(1000 * float(np.median(values)) / _STEPS.value, 2)
    for claim, (above, below, goal) in claims.items():
        ratio = measurement.ratio(seconds[above], seconds[below])
        met = ratio["median"] <= goal if below.startswith("one") else ratio["median"] >= goal
        result[claim] = {**ratio, "goal": goal, "met": met}
        print(claim, result[claim])
    print(result["ms_per_step"])
    measurement.save("iwae_comparison", result)


if __name__ == "__main__":
    app.run(main)
