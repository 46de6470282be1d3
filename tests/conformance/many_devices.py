"""Trains registered models on several replicas, or as one of several workers.

`python -m tests.conformance.many_devices WEIGHTS.npz 4 NAME...`: on four replicas of this process,
or, if TF_CONFIG is set, as the worker that it names. A process has one strategy only.
"""

import functools
import os
import pathlib
import sys
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tests.conformance import entries
from tests.conformance.registry import weights


class Run(NamedTuple):
    """The weights after 20 steps as one vector, and the mean loss of the steps."""

    weights: np.ndarray
    loss: float


def steps(entry: entries.Entry, strategy: tf.distribute.Strategy) -> Run:
    """Returns the result of 20 steps; neither of their batch sizes suits every number of replicas.

    The models of several modalities have two: what replicas share is the same with three.
    """
    with strategy.scope():
        model = entry.make_small()
        model.compile(keras.optimizers.SGD(1e-3, global_clipnorm=5.0), seed=0)
    history = model.fit(entry.uneven_batches(), steps_per_epoch=20, verbose=0).history
    return Run(weights(model), history["loss"][0])


@functools.cache  # for two replicas here; four replicas and two workers have their own processes
def on_one(entry: entries.Entry) -> Run:
    """Returns the result of the steps on one device."""
    return steps(entry, tf.distribute.get_strategy())


def main(path: str, replicas: str, *names: str) -> None:
    """Trains the models called `names`."""
    if "TF_CONFIG" in os.environ:
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
    else:
        (cpu,) = tf.config.list_physical_devices("CPU")
        logical = [tf.config.LogicalDeviceConfiguration()] * int(replicas)
        tf.config.set_logical_device_configuration(cpu, logical)
        strategy = tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(int(replicas))])
    assert strategy.num_replicas_in_sync == int(replicas)
    runs = {name: steps(entries.ALL[name], strategy).weights for name in names}
    np.savez(pathlib.Path(path), **runs)


if __name__ == "__main__":
    main(*sys.argv[1:])
