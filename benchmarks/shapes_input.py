"""Images per second of the input pipelines of rendered data, and their memory.

Run: python -m benchmarks.shapes_input --data=Shapes3D
"""

import resource
import time

import numpy as np
from absl import app, flags

import tfvae

# Images per second; training the published convolutional networks consumes 64 in about 30 ms.
_GOALS = {"Shapes2D": 25_000, "Shapes3D": 10_000}

_DATA = flags.DEFINE_enum("data", "Shapes2D", list(_GOALS), "The data set.")
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 128, "Batch size.", lower_bound=1)
_SECONDS = flags.DEFINE_float("seconds", 3.0, "Duration of a run.", lower_bound=0.1)
_RUNS = flags.DEFINE_integer("runs", 5, "Number of runs; the median is printed.", lower_bound=1)


def images_per_second(data, batch_size: int, seconds: float) -> float:
    batches = iter(data.batches(batch_size, seed=0))
    for _ in range(20):
        next(batches)
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        next(batches)
        count += batch_size
    return count / (time.perf_counter() - start)


def main(argv) -> None:
    del argv
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    data = getattr(tfvae.data, _DATA.value)()
    made = time.perf_counter() - start
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    rates = [images_per_second(data, _BATCH_SIZE.value, _SECONDS.value) for _ in range(_RUNS.value)]
    print(f"construction       {made:.2f} s, peak memory {peak:.0f} MiB")
    print(f"batches of {_BATCH_SIZE.value}     {np.median(rates):,.0f} images/s", end=" ")
    print(f"(from {min(rates):,.0f} to {max(rates):,.0f}; goal {_GOALS[_DATA.value]:,})")


if __name__ == "__main__":
    app.run(main)
