"""Whether XLA makes a model's training steps faster, measured, and how many make an execution."""

import re
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from tfvae.data import Dataset
from tfvae.training.raw_input import raw_input
from tfvae.training.trainable_model import TrainableModel

STEPS = 10  # of one timing
# Steps of one call into compiled code: enough to hide what surrounds it, and few enough that Ctrl-C
# takes effect within half a second.
MAX_STEPS_WITHOUT_XLA = 20
MAX_STEPS = 100
MAX_MILLISECONDS = 500.0
SHORT_RUN = 3000  # steps: such a run ends before compiling has paid for itself
PAIRS = 5  # timings of each, in turn
_UNSUPPORTED = re.compile(r"unsupported operations .*?: ([^{\n]+)")  # in XLA's messages
FAR_SLOWER = 4.0  # times: then one step is measurement enough
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


class Choice(NamedTuple):
    """Whether a run's steps are compiled by XLA, kept with the run.

    Attributes:
        on: whether they are.
        timing: what was measured, if anything.
    """

    on: bool
    timing: Timing | None = None

    @property
    def milliseconds(self) -> float:
        """Time of a step with XLA, 1 if it was not measured."""
        return (self.timing and self.timing.on) or 1.0

    def to_json(self) -> dict:
        """Returns the record of the choice."""
        measured = self.timing and {"milliseconds_per_step": self.timing._asdict()}
        return {"jit": self.on, **(measured or {})}

    @classmethod
    def from_json(cls, record: dict) -> "Choice":
        """Returns the choice of a record, also of runs of older versions."""
        timing = record.get("milliseconds_per_step")
        return cls(record["jit"], timing and Timing(**timing))


def measure(model: TrainableModel, data: Dataset, batch_size: int) -> Timing:
    """Times a compiled model's steps without XLA and as an XLA program, in turn; one device only.

    The steps are undone: weights, optimizers and means are as they were before. The compiled
    program is kept, and a run that takes `MAX_STEPS` steps per execution does not compile it anew.

    Raises:
        ValueError: if the strategy has several replicas; XLA cannot compile their steps.
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
        model.reset_metrics()


def _timing(model: TrainableModel, data: Dataset, batch_size: int) -> Timing:
    model.steps_per_execution = STEPS
    loop = _without_xla(model, data, batch_size)
    _milliseconds(loop)  # compiles
    program = _as_program(model, data, batch_size)
    try:
        first = _first_step(model, program)
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
        named = _UNSUPPORTED.search(error.message)
        reason = named.group(1) if named else error.message
        return Timing(statistics.median(_milliseconds(loop) for _ in range(PAIRS)), None, reason)
    off = _milliseconds(loop)
    if first > FAR_SLOWER * off:  # as are convolutions on CPUs, which would take minutes
        return Timing(off, first)
    pairs = [[_milliseconds(take) for take in (loop, program)] for _ in range(PAIRS)]
    off, on = (statistics.median(times) for times in zip(*pairs, strict=True))
    return Timing(off, on)


def _without_xla(model: TrainableModel, data: Dataset, batch_size: int) -> Callable:
    iterator = iter(data.batches(batch_size, model.seed))
    model.jit_compile = False
    model.make_train_function()
    function = model.train_function
    assert function is not None
    return lambda: function(iterator)


def _as_program(model: TrainableModel, data: Dataset, batch_size: int) -> Callable:
    raw = raw_input(data, batch_size, model.seed, steps=MAX_STEPS)
    (group,) = raw.batches.take(1)
    model.jit_compile = True
    with model.reading(raw):
        model.make_train_function()
    function = model.train_function
    assert function is not None
    return lambda: function(iter([group]))


def _first_step(model: TrainableModel, program: Callable) -> float:
    """Compiles; returns the milliseconds of one step."""
    model.steps_per_execution = 1
    _milliseconds(program)
    milliseconds = _milliseconds(program, steps=1)
    model.steps_per_execution = STEPS
    return milliseconds


def _milliseconds(take_steps: Callable, steps: int = STEPS) -> float:
    started = time.perf_counter()
    for mean in take_steps().values():
        mean.numpy()  # waits for the steps
    return 1000 * (time.perf_counter() - started) / steps


def steps_per_execution(interval: int, milliseconds: float | None) -> int:
    """Returns steps of one execution: a divisor of `interval`, for no step may be left over.

    Args:
        interval: steps between two records.
        milliseconds: time of a step as an XLA program; None without XLA.
    """
    most = MAX_STEPS_WITHOUT_XLA
    if milliseconds is not None:
        most = max(1, min(MAX_STEPS, int(MAX_MILLISECONDS / milliseconds)))
    return max(k for k in range(1, most + 1) if interval % k == 0)
