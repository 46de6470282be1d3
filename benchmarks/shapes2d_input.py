"""Images a second of 2D Shapes out of its input pipeline, and the memory it takes.

Run: python -m benchmarks.shapes2d_input
"""

import resource
import time

import numpy as np
from absl import app, flags

import tfvae

_BATCH_SIZE = flags.DEFINE_integer("batch_size", 128, "Images of a batch.", lower_bound=1)
_SECONDS = flags.DEFINE_float("seconds", 3.0, "Length of each of the runs.", lower_bound=0.1)
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
    data = tfvae.data.Shapes2D()
    made = time.perf_counter() - start
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    rates = [images_per_second(data, _BATCH_SIZE.value, _SECONDS.value) for _ in range(_RUNS.value)]
    print(f"construction       {made:.2f} s, peak memory {peak:.0f} MiB")
    print(f"batches of {_BATCH_SIZE.value}     {np.median(rates):,.0f} images/s", end=" ")
    print(f"(from {min(rates):,.0f} to {max(rates):,.0f}; goal 25,000)")


if __name__ == "__main__":
    app.run(main)
