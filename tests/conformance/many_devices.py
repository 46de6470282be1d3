"""Trains registered models on several replicas, or as one of several workers.

`python -m tests.conformance.many_devices WEIGHTS.npz 4 NAME...`: on four replicas of this process,
or, where TF_CONFIG is set, as the worker that it names. A process has one strategy only.
"""

import functools
import os
import pathlib
import sys

import keras
import numpy as np
import tensorflow as tf

from tests.conformance import registry_multimodal as several
from tests.conformance.registry import MODELS, Bars, build, trained, weights

BATCH_SIZE = 33  # divides by no number of replicas
ALL_MODELS = {**MODELS, **several.MULTIMODAL, **several.LABELLED}


def images():
    """Batches for the models of one modality."""
    return Bars().batches(BATCH_SIZE, 0)


def modalities(x):
    """Batches for those of several."""
    return functools.partial(several.batches, x, BATCH_SIZE)


# name: (how it is built, its batches)
KINDS = {
    **dict.fromkeys(MODELS, (build, images)),
    **dict.fromkeys(several.MULTIMODAL, (several.build, modalities(several.INCOMPLETE))),
    **dict.fromkeys(
        several.LABELLED, (several.build_labelled, modalities(several.PARTLY_LABELLED))
    ),
}


def steps(name: str, strategy: tf.distribute.Strategy) -> np.ndarray:
    """Returns the weights of a registered model after 20 steps."""
    build_model, data = KINDS[name]
    cls, settings, _ = ALL_MODELS[name]
    with strategy.scope():
        model = build_model(cls, **settings)
        model.compile(keras.optimizers.SGD(1e-3, global_clipnorm=5.0), seed=0)
    return weights(trained(model, 20, data=data()))


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
    np.savez(pathlib.Path(path), **{name: steps(name, strategy) for name in names})


if __name__ == "__main__":
    main(*sys.argv[1:])
