"""A training run: from the step in its directory to the last one."""

import contextlib
import pathlib

import keras
import tensorflow as tf

from tfvae.arguments import require_at_least
from tfvae.data import Dataset
from tfvae.training import jit, workers
from tfvae.training.callbacks import (
    ContinueMeans,
    EvaluateTerms,
    ProgressBar,
    RecordTerms,
    SaveCheckpoint,
)
from tfvae.training.checkpoints import Checkpoints
from tfvae.training.raw_input import RawInput, raw_input
from tfvae.training.stopping import StopWhenAsked
from tfvae.training.trainable_model import TrainableModel


def train(
    model: TrainableModel,
    data: Dataset,
    directory: str | pathlib.Path,
    steps: int,
    batch_size: int,
    log_every: int = 1000,
    evaluation_data: Dataset | None = None,
    evaluation_examples: int = 1000,
    milliseconds: float = 1.0,
) -> int:
    """Trains a compiled model up to `steps` steps, resuming from `directory`.

    Every `log_every` steps the mean terms go to metrics.csv and TensorBoard events and a
    checkpoint is saved, in the background. The seed is the model's (`compile`). An interrupted
    run, resumed, takes the same steps as an uninterrupted one.

    Args:
        model: a compiled model; its weights are replaced by the checkpoint's, if there is one.
        data: training data.
        directory: run directory.
        steps: the last step.
        batch_size: rows of the global batch.
        log_every: steps between records and checkpoints.
        evaluation_data: evaluation data; their terms are recorded as val_*.
        evaluation_examples: number of examples to use.
        milliseconds: time of a step with XLA, which limits the steps of one execution; see
            `tfvae.training.jit.measure`.

    Returns:
        The step resumed from.

    Raises:
        ValueError: if steps, batch sizes or data do not work, before the first step.
        NonFiniteLossError: if a term is not finite (the message names the step and the terms).
        OSError: if a checkpoint cannot be written, or workers see different ones.
        KeyboardInterrupt: after Ctrl-C.
        Preempted: after SIGTERM, when the current step is saved.
        WorkerLostError: if another worker was lost.
    """
    require_at_least(1, steps=steps, batch_size=batch_size, log_every=log_every)
    directory = pathlib.Path(directory)
    strategy = model.distribute_strategy
    model.check_batch_size(batch_size)
    checkpoints = Checkpoints(model, directory / "checkpoints")
    start = checkpoints.restore()
    _require_one_step(strategy, start, directory)
    callbacks: list[keras.callbacks.Callback] = [ContinueMeans(checkpoints.means)]
    if evaluation_data is not None:
        examples = evaluation_data.epoch(batch_size, model.seed, evaluation_examples)
        callbacks.append(EvaluateTerms(examples))
    if workers.is_chief(strategy):
        callbacks += [RecordTerms(directory, start), ProgressBar(steps)]
    callbacks.append(SaveCheckpoint(checkpoints))
    with (
        workers.lost_worker_errors(strategy),
        contextlib.closing(checkpoints),
        StopWhenAsked(checkpoints, strategy) as stop,
    ):
        for first, interval, count in _logging_intervals(start, steps, log_every):
            model.steps_per_execution = jit.steps_per_execution(
                interval, milliseconds if model.jit_compile else None
            )
            model.fit(
                _input(model, data, batch_size, first),
                steps_per_epoch=interval,
                epochs=count,
                callbacks=[*callbacks, stop],
                verbose=0,
            )
    return start


def _input(model: TrainableModel, data: Dataset, batch_size: int, first: int) -> RawInput:
    """Raw values for XLA programs and for several replicas, else examples made by the host."""
    if model.jit_compile:
        return raw_input(data, batch_size, model.seed, first, model.steps_per_execution)
    if model.distribute_strategy.num_replicas_in_sync > 1:
        return raw_input(data, batch_size, model.seed, first)
    return RawInput(data.batches(batch_size, model.seed, start_step=first))


def _require_one_step(strategy: tf.distribute.Strategy, step: int, directory: pathlib.Path) -> None:
    steps = [int(row[0]) for row in workers.gathered(strategy, tf.constant([step], tf.int32))]
    if len(set(steps)) > 1:
        found = zip(workers.names(strategy), steps, strict=True)
        raise OSError(
            f"the workers found different checkpoints in {directory} ("
            + ", ".join(f"{name}: step {step}" for name, step in found)
            + "); give a directory that all machines share"
        )


def _logging_intervals(start: int, steps: int, log_every: int) -> list[tuple[int, int, int]]:
    """(first step, length, number of intervals): up to a multiple of `log_every`.

    Records stand at multiples of `log_every` and at the end, wherever the run is resumed.
    """
    intervals = []
    while start < steps:
        length = min(log_every - start % log_every, steps - start)
        count = max(1, (steps - start) // log_every) if length == log_every else 1
        intervals.append((start, length, count))
        start += length * count
    return intervals
