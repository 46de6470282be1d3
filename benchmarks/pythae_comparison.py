"""Images a second of `fit` against those of pythae's trainer (PyTorch), and the step's efficiency.

The same beta-VAE (the 64x64 networks of Kim & Mnih 2018), batch size and images. Both sides use
what they offer a user by default: pythae its `BaseTrainer` on images in memory, tfvae `fit`
on `Shapes2D`, which renders every image anew. All sides stay alive in processes of their own and
take turns, one epoch at a time; rounds in which the machine was busy otherwise are left out. All
are started anew several times, since one and the same program runs at another speed each time
that it is started (pythae's step took from 55 to 107 ms on one idle machine within 20 minutes).

Run: python -m benchmarks.pythae_comparison   (installs pythae in .venv-pythae, once)
"""

import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import tensorflow as tf
from absl import app, flags

import tfvae
from benchmarks import measurement, tfvae_trainer

_LAUNCHES = flags.DEFINE_integer("launches", 4, "How often all sides are started.", lower_bound=1)
_ROUNDS = flags.DEFINE_integer("rounds", 4, "Epochs of each that count, a launch.", lower_bound=1)
_STEPS = flags.DEFINE_integer("steps", 40, "Steps of an epoch; a multiple of 20.", lower_bound=20)
_MINUTES = flags.DEFINE_float("minutes", 1.5, "Longest time of a launch.", lower_bound=0.1)
_WARM_UP = 2  # rounds that are not counted

GOALS = {"float32": 1.3, "bfloat16": 1.6}
BATCH_SIZE = 64
SETTINGS = {"batch_size": BATCH_SIZE, "latents": 10, "beta": 4.0}
ROOT = pathlib.Path(__file__).parents[1]
PYTHAE = ROOT / ".venv-pythae"
REQUIREMENTS = ("torch==2.13.0", "pythae==0.1.2")


def pythae_python() -> pathlib.Path:
    """Returns the Python that has pythae, installing it where it is not."""
    python, stamp = PYTHAE / "bin/python", PYTHAE / ".installed"
    if not stamp.exists():
        print(f"installing {', '.join(REQUIREMENTS)} in {PYTHAE}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", PYTHAE], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *REQUIREMENTS], check=True)
        stamp.touch()
    return python


class Side:
    """A trainer in a process of its own that takes an epoch when it is told to.

    Args:
        command: program and arguments.
        log: file that its messages go to.
    """

    def __init__(self, command: list, log: pathlib.Path):
        self._log = log
        self.process = subprocess.Popen(
            [str(part) for part in command],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log.open("w"),
        )

    def read(self, name: str) -> str:
        """Returns the value that the side writes after `name`."""
        for line in self.process.stdout:
            word, _, value = line.strip().partition(" ")
            if word == name:
                return value
        raise RuntimeError(f"{self.process.args} ended:\n{self._log.read_text()[-2000:]}")

    def seconds(self, what: str = "epoch") -> float:
        """Tells the side to run `what` and returns the seconds it took."""
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        return float(self.read("seconds"))

    def close(self) -> None:
        """Ends the side."""
        self.process.stdin.close()
        self.process.wait(timeout=60)


def start_sides(directory: pathlib.Path, steps: int) -> dict[str, Side]:
    """Returns the three sides, started."""
    images = directory / "images.npy"
    data = tfvae.data.Shapes2D()
    indices = np.random.default_rng(0).choice(data.num_examples, BATCH_SIZE * steps, replace=False)
    np.save(images, np.asarray(data.gather(tf.constant(indices, tf.int64)), np.uint8))
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
    rival = [pythae_python(), pathlib.Path(__file__).with_name("pythae_trainer.py"), *settings]
    ours = [sys.executable, "-m", "benchmarks.tfvae_trainer", *settings, f"--steps={steps}"]
    commands = {
        "pythae": [*rival, f"--images={images}", f"--directory={directory / 'pythae'}"],
        "float32": [*ours, "--dtype=float32"],
        "bfloat16": [*ours, "--dtype=mixed_bfloat16"],
    }
    return {name: Side(command, directory / f"{name}.log") for name, command in commands.items()}


def measure(sides: dict[str, Side], rounds: int, minutes: float) -> tuple[dict, int]:
    """Returns the seconds of each side's epochs and of the matrix product, and rounds left out."""
    seconds: dict[str, list[float]] = {name: [] for name in (*sides, "matmul")}
    others = measurement.Others(side.process.pid for side in sides.values())
    end, left_out = time.perf_counter() + 60 * minutes, -_WARM_UP
    while len(seconds["matmul"]) < rounds and time.perf_counter() < end:
        others.share()
        latest = {name: side.seconds() for name, side in sides.items()}
        latest["matmul"] = min(sides["float32"].seconds("matmul") for _ in range(3))
        share = others.share()
        line = "  ".join(f"{name} {value:.2f} s" for name, value in latest.items())
        print(f"{line}  others {share:.1%} of the cores", flush=True)
        if left_out < 0 or share >= measurement.QUIET:
            left_out += 1
            continue
        for name, value in latest.items():
            seconds[name].append(value)
    return {name: np.array(values) for name, values in seconds.items()}, left_out


def launch(rounds: int, steps: int, minutes: float) -> tuple[dict, dict, int]:
    """Starts and ends the sides; returns what they say of themselves and what `measure` does."""
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
            return facts, *measure(sides, rounds, minutes)
        finally:
            for side in sides.values():
                side.close()


def compared(name: str, seconds: list[dict], steps: int) -> dict:
    """Returns the speed of side `name` and its ratio to pythae's, given each launch's seconds."""
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
        if len(measured["matmul"]):
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
