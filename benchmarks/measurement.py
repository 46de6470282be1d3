"""Shared by the benchmarks: paired runs, a description of the machine, and result files."""

import importlib.metadata
import json
import os
import pathlib
import platform
import time
from collections.abc import Iterable

import numpy as np

RESULTS = pathlib.Path(__file__).parent / "results"
# A run is counted if other processes kept less than this fraction of the cores busy: interruptions
# affect libraries very differently, so a busy machine would bias the comparison.
QUIET = 0.05
FEWEST_RUNS = 5


class Others:
    """Measures the load of other processes since creation or the last call (Linux).

    Args:
        processes: ids of the measured processes.
    """

    def __init__(self, processes: Iterable[int]):
        self._processes = list(processes)
        self._last = self._seconds()

    def _seconds(self) -> np.ndarray:
        ticks = os.sysconf("SC_CLK_TCK")
        user, nice, system, _, _, *interrupts = _numbers("/proc/stat", 1)
        busy = user + nice + system + sum(interrupts[:3])  # guest time is already part of user time
        # Including terminated children, such as a client of a server.
        own = sum(sum(_numbers(f"/proc/{pid}/stat", 13)[:4]) for pid in self._processes)
        return np.array([(busy - own) / ticks, time.perf_counter()])

    def share(self) -> float:
        """Returns the fraction of the cores that other processes kept busy."""
        now = self._seconds()
        busy, elapsed = now - self._last
        self._last = now
        return float(busy / elapsed / os.cpu_count())


def _numbers(path: str, first_field: int) -> list[int]:
    """Returns the fields of a file's first line from `first_field` on; a name in () is one."""
    line = pathlib.Path(path).read_text().splitlines()[0]
    name, bracket, rest = line.rpartition(")")
    fields = [*name.split(maxsplit=1), *rest.split()] if bracket else line.split()
    return [int(field) for field in fields[first_field:]]


def require_quiet(counted: int, taken: int) -> None:
    """Raises RuntimeError if too few runs can be counted."""
    if counted < FEWEST_RUNS:
        raise RuntimeError(
            f"other processes kept more than {QUIET:.0%} of the cores busy in all but {counted} of "
            f"{taken} runs; {FEWEST_RUNS} are needed: repeat this on an idle machine"
        )


def ratio(numerators, denominators) -> dict:
    """Returns the median and the quartiles of the ratios of paired runs."""
    ratios = np.asarray(numerators) / np.asarray(denominators)
    low, median, high = (round(float(q), 3) for q in np.percentile(ratios, (25, 50, 75)))
    return {"median": median, "quartiles": [low, high]}


def machine() -> dict:
    """Returns the conditions of a measurement: processor, cores, other load and versions."""
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
    return {
        "processor": names[0].split(":")[1].strip() if names else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in ("tensorflow", "keras")},
    }


def save(name: str, result: dict) -> None:
    """Writes `result` to results/`name`.json."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    print(f"written to {path}")
