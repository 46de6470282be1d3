"""Steps with a MirroredStrategy of one replica, compared with the same steps without a strategy.

Both take turns in one process, block by block, with the compiled loop of `fit`. If the machine is
busy, elapsed-time ratios are dropped (see the README) and only ratios of processor time, which
excludes waiting, are reported.

Run: python -m benchmarks.mirrored_overhead
"""

import os
import time

import keras
import numpy as np
import tensorflow as tf
from absl import app, flags

import tfvae
from benchmarks import measurement
from tfvae.training import jit

_PAIRS = flags.DEFINE_integer("pairs", 60, "Pairs of blocks.", lower_bound=3)
_BATCH_SIZE = 64
_LATENTS = 10
_WARM_UP = 3  # warm-up pairs
_GOAL = 1.03


def block(strategy: tf.distribute.Strategy):
    """Returns a function that runs a block of steps under `strategy`."""
    data = tfvae.data.Shapes2D()
    with strategy.scope():
        keras.utils.set_random_seed(0)
        model = tfvae.VAE(
            tfvae.networks.ConvEncoder(2 * _LATENTS),
            tfvae.networks.ConvDecoder((64, 64, 1)),
            tfvae.heads.DiagonalNormal(_LATENTS),
            tfvae.heads.Bernoulli(),
        )
        model.compile(keras.optimizers.Adam(1e-4), steps_per_execution=jit.MAX_STEPS_WITHOUT_XLA)
    batches = strategy.experimental_distribute_dataset(data.batches(_BATCH_SIZE, seed=0))
    model.make_train_function()
    iterator = iter(batches)

    def steps() -> None:
        for mean in model.train_function(iterator).values():
            mean.numpy()  # waits for the steps

    return steps


def main(argv) -> None:
    del argv
    sides = {
        "plain": block(tf.distribute.get_strategy()),
        "mirrored": block(tf.distribute.MirroredStrategy(["CPU:0"])),
    }
    others = measurement.Others([os.getpid()])
    wall: dict[str, list[float]] = {name: [] for name in sides}
    processor: dict[str, list[float]] = {name: [] for name in sides}
    busy = []
    for pair in range(_WARM_UP + _PAIRS.value):
        others.share()
        # In alternating order, because input that one side prefetches is charged to the other.
        for name in sorted(sides, reverse=bool(pair % 2)):
            started = time.perf_counter(), time.process_time()
            sides[name]()
            wall[name].append(time.perf_counter() - started[0])
            processor[name].append(time.process_time() - started[1])
        busy.append(others.share())
    quiet = np.array(busy[_WARM_UP:]) < measurement.QUIET

    def ratio(seconds, counted):
        mirrored, plain = (np.array(seconds[name][_WARM_UP:])[counted] for name in sorted(sides))
        return measurement.ratio(mirrored, plain)

    result = {
        "machine": measurement.machine(),
        "batch_size": _BATCH_SIZE,
        "steps_of_a_block": jit.MAX_STEPS_WITHOUT_XLA,
        "pairs": _PAIRS.value,
        "quiet_pairs": int(np.sum(quiet)),
        "processor_time_ratio": ratio(processor, slice(None)),
        "goal": _GOAL,
    }
    counted = "processor_time_ratio"
    if np.sum(quiet) >= measurement.FEWEST_RUNS:
        counted = "wall_clock_ratio"
        result[counted] = ratio(wall, quiet)
    result["met"] = bool(result[counted]["median"] <= _GOAL)
    print(f"mirrored / plain, {counted}: {result[counted]}; goal at most {_GOAL}")
    measurement.save("mirrored_overhead", result)


if __name__ == "__main__":
    app.run(main)
