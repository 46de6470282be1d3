"""Images per second of `fit` and of pythae's trainer (PyTorch), and the efficiency of a step.

The same beta-VAE (the 64x64 networks of Kim & Mnih 2018), batch size and images. Both sides use
their default trainer: pythae its `BaseTrainer` on images in memory, tfvae `fit` on `Shapes2D`,
which renders every image on demand. Each side runs in its own process, and they take turns, one
epoch at a time; rounds are dropped if the machine was busy. All sides are restarted several times,
because the speed of the same program changes from one start to the next (pythae's step took from 55
to 107 ms on one idle machine within 20 minutes).

Run: python -m benchmarks.pythae_comparison   (installs pythae in .venv-pythae, once)
"""

import pathlib
import sys
import tempfile

import numpy as np
import tensorflow as tf
from absl import app, flags

import tfvae
from benchmarks import measurement, tfvae_trainer
from benchmarks.sides import PYTHAE_TRAINER, Side, pythae_python, take_turns

_LAUNCHES = flags.DEFINE_integer("launches", 4, "Number of starts of all sides.", lower_bound=1)
_ROUNDS = flags.DEFINE_integer("rounds", 4, "Counted epochs per side and launch.", lower_bound=1)
_STEPS = flags.DEFINE_integer("steps", 40, "Steps per epoch; a multiple of 20.", lower_bound=20)
_MINUTES = flags.DEFINE_float("minutes", 1.5, "Time limit of a launch.", lower_bound=0.1)

GOALS = {"float32": 1.3, "bfloat16": 1.6}
BATCH_SIZE = 64
SETTINGS = {"batch_size": BATCH_SIZE, "latents": 10, "beta": 4.0}


def start_sides(directory: pathlib.Path, steps: int) -> dict[str, Side]:
    """Returns the three sides, started."""
    images = directory / "images.npy"
    data = tfvae.data.Shapes2D()
    indices = np.random.default_rng(0).choice(data.num_examples, BATCH_SIZE * steps, replace=False)
    np.save(images, np.asarray(data.gather(tf.constant(indices, tf.int64)), np.uint8))
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
    rival = [pythae_python(), PYTHAE_TRAINER, "--model=beta_vae", *settings]
    trainer = [sys.executable, "-m", "benchmarks.tfvae_trainer", "--model=beta_vae"]
    ours = [*trainer, *settings, f"--steps={steps}"]
    commands = {
        "pythae": [*rival, f"--images={images}", f"--directory={directory / 'pythae'}"],
        "float32": [*ours, "--dtype=float32"],
        "bfloat16": [*ours, "--dtype=mixed_bfloat16"],
    }
    return {name: Side(command, directory / f"{name}.log") for name, command in commands.items()}


def launch(rounds: int, steps: int, minutes: float) -> tuple[dict, dict, int]:
    """Starts and stops the sides; returns their descriptions and the result of `take_turns`."""
    with tempfile.TemporaryDirectory() as directory:
        sides = start_sides(pathlib.Path(directory), steps)
        try:
            weights = {name: int(side.read("weights")) for name, side in sides.items()}
            if len(set(weights.values())) != 1:
                raise ValueError(f"the networks differ: {weights} weights")
            facts = {
                "weights": weights["pythae"],
                "torch": sides["pythae"].read("torch"),
                "operations": BATCH_SIZE * int(sides["float32"].read("operations")),
            }

            def matmul() -> dict[str, float]:
                return {"matmul": min(sides["float32"].seconds("matmul") for _ in range(3))}

            return facts, *take_turns(sides, rounds, minutes, matmul)
        finally:
            for side in sides.values():
                side.close()


def compared(name: str, seconds: list[dict], steps: int) -> dict:
    """Returns the speed of side `name` and its ratio to pythae's, from each launch's seconds."""
    mine, rival = (np.concatenate([each[side] for each in seconds]) for side in (name, "pythae"))
    step = float(np.median(mine)) / steps
    side = {"ms_per_step": round(1000 * step, 2), "images_per_second": round(BATCH_SIZE / step)}
    if name in GOALS:
        side["ratio_to_pythae"] = measurement.ratio(rival, mine)
        side["ratio_by_launch"] = [
            measurement.ratio(each["pythae"], each[name])["median"] for each in seconds
        ]
        side["goal"] = GOALS[name]
        side["met"] = side["ratio_to_pythae"]["median"] >= GOALS[name]
    return side


def main(argv) -> None:
    del argv
    steps = _STEPS.value
    result: dict = {"machine": measurement.machine(), **SETTINGS, "steps_of_an_epoch": steps}
    seconds, left_out = [], 0
    for _ in range(_LAUNCHES.value):
        facts, measured, busy = launch(_ROUNDS.value, steps, _MINUTES.value)
        left_out += busy
        if measured:
            seconds.append(measured)
    rounds = sum(len(each["matmul"]) for each in seconds)
    measurement.require_quiet(rounds, rounds + left_out)
    operations = facts.pop("operations")
    result |= {**facts, "launches": len(seconds), "rounds": rounds, "rounds_left_out": left_out}
    for name in ("pythae", *GOALS):
        result[name] = compared(name, seconds, steps)
        print(f"{name:9}", result[name])
    rate = 2 * tfvae_trainer.MATRIX_SIZE**3 / np.concatenate([each["matmul"] for each in seconds])
    mine = operations * steps / np.concatenate([each["float32"] for each in seconds])
    result["efficiency"] = {
        "gigaflop_per_step": round(operations / 1e9, 2),
        "matmul_gigaflops": round(float(np.median(rate)) / 1e9),
        "share_of_matmul_rate": measurement.ratio(mine, rate),
    }
    print(f"float32 step: {result['efficiency']}")
    measurement.save("pythae_comparison", result)


if __name__ == "__main__":
    app.run(main)
