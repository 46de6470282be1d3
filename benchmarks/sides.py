"""Trainers that take turns, each in its own process, and the environment with pythae."""

import contextlib
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks import measurement

WARM_UP = 2  # warm-up rounds
ROOT = pathlib.Path(__file__).parents[1]
PYTHAE_TRAINER = pathlib.Path(__file__).with_name("pythae_trainer.py")


def environment_python(directory: pathlib.Path, requirements: Sequence[str]) -> pathlib.Path:
    """Returns the path of a Python with other libraries, which are installed if needed."""
    python, stamp = directory / "bin/python", directory / ".installed"
    if not stamp.exists():
        print(f"installing {', '.join(requirements)} in {directory}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", directory], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *requirements], check=True)
        stamp.touch()
    return python


def pythae_python() -> pathlib.Path:
    """Returns the path of a Python with pythae."""
    return environment_python(ROOT / ".venv-pythae", ("torch==2.13.0", "pythae==0.1.2"))


def jax_python() -> pathlib.Path:
    """Returns the path of a Python with JAX and optax."""
    requirements = ("jax==0.10.2", "jaxlib==0.10.2", "optax>=0.2,<0.3")
    return environment_python(ROOT / ".venv-jax", requirements)


class Side:
    """A trainer process that runs an epoch on request.

    Args:
        command: program and arguments.
        log: log file.
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
        """Returns the value that the side prints after `name`."""
        for line in self.process.stdout:
            word, _, value = line.strip().partition(" ")
            if word == name:
                return value
        raise RuntimeError(f"{self.process.args} ended:\n{self._log.read_text()[-2000:]}")

    def seconds(self, what: str = "epoch") -> float:
        """Runs `what` on the side and returns its seconds."""
        with contextlib.suppress(BrokenPipeError):  # it has exited; `read` reports the reason
            self.process.stdin.write(f"{what}\n")
            self.process.stdin.flush()
        return float(self.read("seconds"))

    def close(self) -> None:
        """Stops the side."""
        with contextlib.suppress(BrokenPipeError):  # it has already exited
            self.process.stdin.close()
        self.process.wait(timeout=60)


def compare(
    sides: dict[str, Side], rounds: int, minutes: float
) -> tuple[dict[str, np.ndarray], int]:
    """Returns what `take_turns` does, for sides with networks of one size; stops the sides.

    Raises:
        ValueError: if the networks have different numbers of weights.
    """
    try:
        weights = {name: int(side.read("weights")) for name, side in sides.items()}
        if len(set(weights.values())) != 1:
            raise ValueError(f"the networks differ: {weights} weights")
        return take_turns(sides, rounds, minutes)
    finally:
        for side in sides.values():
            side.close()


def take_turns(
    sides: dict[str, Side], rounds: int, minutes: float, extra: Callable[[], dict] = dict
) -> tuple[dict[str, np.ndarray], int]:
    """Returns the seconds of each side's epochs, and the number of dropped rounds.

    Args:
        sides: the sides by name; each runs one epoch per round.
        rounds: number of counted rounds.
        minutes: time limit.
        extra: further measurements per round, functions by name that return seconds.
    """
    seconds: dict[str, list[float]] = {}
    others = measurement.Others(side.process.pid for side in sides.values())
    end, counted, left_out = time.perf_counter() + 60 * minutes, 0, -WARM_UP
    while counted < rounds and time.perf_counter() < end:
        others.share()
        latest = {name: side.seconds() for name, side in sides.items()} | extra()
        share = others.share()
        line = "  ".join(f"{name} {value:.2f} s" for name, value in latest.items())
        print(f"{line}  others {share:.1%} of the cores", flush=True)
        if left_out < 0 or share >= measurement.QUIET:
            left_out += 1
            continue
        counted += 1
        for name, value in latest.items():
            seconds.setdefault(name, []).append(value)
    return {name: np.array(values) for name, values in seconds.items()}, left_out
