"""Whether XLA makes a model's training step faster, measured."""

import re
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from tfvae.data import Dataset
from tfvae.training.trainable_model import TrainableModel

STEPS = 10  # of one timing
PAIRS = 5  # timings of each, in turn
_UNSUPPORTED = re.compile(r"unsupported operations .*?: ([^{\n]+)")  # in XLA's messages
MIN_GAIN = 1.05  # below it a difference may be noise, and compiling costs seconds


class Timing(NamedTuple):
    """Milliseconds a step, medians.

    Attributes:
        off: without XLA.
        on: with XLA; None where XLA cannot compile the step.
        reason: why it cannot, in XLA's words.
    """

    off: float
    on: float | None
    reason: str = ""

    @property
    def faster(self) -> bool:
        """Whether XLA is worth it: by 5% at least."""
        return self.on is not None and self.off > MIN_GAIN * self.on


def measure(model: TrainableModel, data: Dataset, batch_size: int) -> Timing:
    """Times a compiled model's steps with and without XLA, in turn; one device only.

    The steps are undone: weights, optimizers and means are as they were before.

    Raises:
        ValueError: under a strategy of several replicas, whose steps XLA cannot compile.
    """
    if model.distribute_strategy.num_replicas_in_sync > 1:
        raise ValueError("XLA cannot compile the step of several replicas; train with --jit=off")
    variables = {id(v): v for p in model.players() for v in p.optimizer.variables}
    variables |= {id(v): v for v in model.variables}
    before = [(variable, variable.numpy()) for variable in variables.values()]
    settings = model.jit_compile, model.steps_per_execution
    try:
        return _timing(model, data, batch_size)
    finally:
        for variable, value in before:
            variable.assign(value)
        model.jit_compile, model.steps_per_execution = settings
        model.train_function = None
        model.reset_metrics()


def _timing(model: TrainableModel, data: Dataset, batch_size: int) -> Timing:
    iterator = iter(data.batches(batch_size, model.seed))
    model.steps_per_execution = STEPS
    functions: list[Callable] = []
    for jit in (False, True):
        model.jit_compile = jit
        model.make_train_function(force=True)
        function = model.train_function
        assert function is not None
        try:
            _milliseconds(function, iterator)  # compiles
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
            if not jit:
                raise
            off = statistics.median(_milliseconds(functions[0], iterator) for _ in range(PAIRS))
            named = _UNSUPPORTED.search(error.message)
            return Timing(off, None, named.group(1) if named else error.message)
        functions.append(function)
    pairs = [[_milliseconds(f, iterator) for f in functions] for _ in range(PAIRS)]
    off, on = (statistics.median(times) for times in zip(*pairs, strict=True))
    return Timing(off, on)


def _milliseconds(function, iterator) -> float:
    started = time.perf_counter()
    for mean in function(iterator).values():
        mean.numpy()  # waits for the steps
    return 1000 * (time.perf_counter() - started) / STEPS
