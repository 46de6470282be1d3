"""Callbacks at the end of every logging interval: records, checkpoints, the progress bar."""

import csv
import pathlib
import sys

import keras
import numpy as np
import tensorflow as tf

from storage import csv_table
from tfvae.training.checkpoints import Checkpoints


class EvaluateTerms(keras.callbacks.Callback):
    """Adds the terms on the evaluation data to an interval's logs, as val_*; the first callback.

    Args:
        examples: batches of the evaluation data.
    """

    def __init__(self, examples: tf.data.Dataset):
        super().__init__()
        self._examples = examples

    def on_epoch_end(self, epoch, logs=None):
        """Evaluates."""
        results = self.model.evaluate(self._examples, verbose=0, return_dict=True)
        logs.update({f"val_{name}": value for name, value in results.items()})


class SaveCheckpoint(keras.callbacks.Callback):
    """Saves a checkpoint in the background at the end of every logging interval.

    Args:
        checkpoints: the checkpoints of the run.
    """

    def __init__(self, checkpoints: Checkpoints):
        super().__init__()
        self._checkpoints = checkpoints

    def on_epoch_end(self, epoch, logs=None):
        """Saves."""
        self._checkpoints.save(background=True)


class ContinueMeans(keras.callbacks.Callback):
    """Restores the means of the logging interval in which a resumed run had stopped.

    Args:
        means: (sum, count) of every term, [terms, 2].
    """

    def __init__(self, means: np.ndarray):
        super().__init__()
        self._means = means

    def on_epoch_begin(self, epoch, logs=None):
        """Restores the means in the first interval; Keras has reset them."""
        for metric, (total, count) in zip(self.model.metrics, self._means, strict=True):
            metric.total.assign(total)
            metric.count.assign(count)
        self._means = np.zeros_like(self._means)


class RecordTerms(keras.callbacks.Callback):
    """Writes the mean terms of every logging interval to metrics.csv and as TensorBoard events.

    Rows after the step that the run resumes from are dropped, so that an interrupted run has the
    same file as an uninterrupted one.

    Args:
        directory: the run directory.
        start_step: the step that the run resumes from.
    """

    def __init__(self, directory: str | pathlib.Path, start_step: int = 0):
        super().__init__()
        self._path = pathlib.Path(directory) / "metrics.csv"
        self._events = tf.summary.create_file_writer(str(directory))
        self._rows: list[dict] = []
        if self._path.exists():
            with self._path.open(newline="") as file:
                rows = list(csv.DictReader(file))
            self._rows = [row for row in rows if int(row["step"]) <= start_step]

    def on_epoch_end(self, epoch, logs=None):
        """Writes one row, the file being replaced as a whole."""
        logs = logs or {}
        step = int(self.model.step.numpy())
        self._rows.append({"step": step, **logs})
        # Rows differ: a resumed run may evaluate although it did not before, or vice versa.
        csv_table.write(self._path, self._rows)
        with self._events.as_default():
            for name, value in logs.items():
                tf.summary.scalar(name, value, step=step)
        self._events.flush()


class ProgressBar(keras.callbacks.Callback):
    """A progress bar for the whole run; one line per interval if the output is not a terminal.

    Args:
        steps: the run's last step.
    """

    def __init__(self, steps: int):
        super().__init__()
        self._steps = steps
        self._bar: keras.utils.Progbar | None = None
        self._step = 0

    def on_train_begin(self, logs=None):
        """Starts at the model's step."""
        self._step = int(self.model.step.numpy())
        if sys.stdout.isatty() and self._bar is None:
            self._bar = keras.utils.Progbar(
                self._steps, stateful_metrics=self.model.term_names, unit_name="step"
            )

    def on_train_batch_end(self, batch, logs=None):
        """Moves the bar."""
        self._step += self.model.steps_per_execution
        if self._bar is not None:
            values = [(name, float(value)) for name, value in (logs or {}).items()]
            self._bar.update(min(self._step, self._steps), values, finalize=False)

    def on_epoch_end(self, epoch, logs=None):
        """Prints the interval's line if there is no bar."""
        if self._bar is None:
            terms = "  ".join(f"{name} {value:.4f}" for name, value in (logs or {}).items())
            print(f"step {self._step}/{self._steps}  {terms}", flush=True)
