"""Checkpoints: everything that a resumed run needs, listed variable by variable."""

import functools
import pathlib
import time
import warnings
from concurrent import futures

import numpy as np
import tensorflow as tf

from tfvae.training import averaging
from tfvae.training.trainable_model import TrainableModel
from tfvae.training.workers import is_chief

# Errors of reading a truncated, overwritten or partly deleted checkpoint (TensorFlow stores a
# CRC-32C of every tensor): OpError itself for a broken index, IndexError for missing bytes.
_DAMAGED = (tf.errors.OpError, IndexError)
_PATIENCE_SECONDS = 1.0
_MEANS, _REPLICAS = (f"{name}/.ATTRIBUTES/VARIABLE_VALUE" for name in ("means", "replicas"))


class Checkpoints:
    """The checkpoints of one run.

    Randomness and data are functions of the step, so the whole state consists of the weights, the
    optimizers' variables (the step is one of them) and the means of an unfinished logging interval.

    Args:
        model: a compiled model.
        directory: the directory of the checkpoints; created with the first one.
        keep: number of newest checkpoints to keep.

    Attributes:
        means: (sum, count) of every term so far, float32 [terms, 2], of the logging interval
            in which the restored checkpoint was saved; zeros if it was saved at its end.
    """

    def __init__(self, model: TrainableModel, directory: str | pathlib.Path, keep: int = 3):
        model.require_compiled()
        self._model = model
        # Listed explicitly: TensorFlow's own tracking omits layers that Keras keeps in lists.
        self._variables = {
            "weights": [variable.value for variable in model.variables],
            "optimizer": [
                variable.value
                for player in model.players()
                for variable in player.optimizer.variables
            ],
        }
        self._is_chief = is_chief(model.distribute_strategy)
        self._directory = pathlib.Path(directory)
        self._keep = keep
        self._writer = futures.ThreadPoolExecutor(1)
        self._pending: futures.Future[None] | None = None
        self.means = np.zeros([len(model.metrics), 2], np.float32)
        self._replicas = model.distribute_strategy.num_replicas_in_sync

    @property
    def step(self) -> int:
        """The model's step."""
        return int(self._model.step.numpy())

    def save(self, background: bool = False, mid_interval: bool = False) -> None:
        """Saves the state of this step.

        Every worker must call it, since reading the means needs all of them; the chief writes.

        Args:
            background: whether to return as soon as the state is copied; errors in writing are then
                raised by the next `save` or `wait`.
            mid_interval: whether a logging interval is unfinished, so that its means are saved too.

        Raises:
            OSError: if this checkpoint or the one before cannot be written; earlier ones are not
                changed.
        """
        started = time.perf_counter()
        self.wait()
        waited = time.perf_counter() - started
        if waited > _PATIENCE_SECONDS:
            warnings.warn(
                f"training waited {waited:.0f} s for the previous checkpoint to be written to "
                f"{self._directory}; raise log_every, or use a faster disk",
                stacklevel=2,
            )
        step, copies = self.step, self._copies
        with averaging.averaged_weights(self._model, in_use=False):
            for name, variables in self._variables.items():
                for copy, variable in zip(copies[name], variables, strict=True):
                    copy.assign(variable)
        means = np.zeros_like(self.means)
        if mid_interval:
            means[:] = [(mean.total.numpy(), mean.count.numpy()) for mean in self._model.metrics]
        copies["means"].assign(means)
        if self._is_chief:
            self._pending = self._writer.submit(self._write, step)
        if not background:
            self.wait()

    def wait(self) -> None:
        """Waits until the checkpoint in the background is written.

        Raises:
            OSError: if it cannot be written.
        """
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def close(self) -> None:
        """Waits like `wait`; nothing can be saved afterwards."""
        self._writer.shutdown()
        self.wait()

    @functools.cached_property
    def _copies(self) -> dict:
        """Copies of the variables, which are written while training changes the variables."""
        with tf.device("CPU:0"):
            copies: dict = {
                name: [tf.Variable(tf.zeros(v.shape, v.dtype), trainable=False) for v in variables]
                for name, variables in self._variables.items()
            }
            copies["means"] = tf.Variable(self.means, trainable=False)
            copies["replicas"] = tf.Variable(self._replicas, trainable=False)
        return copies

    @functools.cached_property
    def _manager(self) -> tf.train.CheckpointManager:
        self._drop_damaged_list()
        state = tf.train.Checkpoint(**self._copies)
        return tf.train.CheckpointManager(state, str(self._directory), max_to_keep=self._keep)

    def _write(self, step: int) -> None:
        try:
            self._manager.save(checkpoint_number=step)
        except (tf.errors.OpError, OSError) as error:
            raise OSError(
                f"the checkpoint of step {step} cannot be written to "
                f"{self._directory}: {error}. The last good one is "
                f"{next(iter(self._newest_first()), None)}; free the disk and run the same command"
            ) from error

    def restore(self) -> int:
        """Restores the newest undamaged checkpoint; returns its step, 0 if there is none.

        Raises:
            ValueError: if the checkpoint belongs to another model.
            OSError: if there are checkpoints and all are damaged.
        """
        paths = self._newest_first()
        for path in paths:
            try:
                state = tf.train.Checkpoint(**self._variables)
                status = state.restore(path).assert_existing_objects_matched()
                status.expect_partial()  # the means are read separately
                self._restore_means(path)
            except _DAMAGED as error:
                warnings.warn(
                    f"checkpoint {path} is damaged ({str(error).splitlines()[0]}); trying the "
                    "one before it",
                    stacklevel=2,
                )
                continue
            except (AssertionError, ValueError) as error:
                raise ValueError(f"checkpoint {path} belongs to another model: {error}") from error
            self._model.averages_in_use = False
            return self.step
        if paths:
            raise OSError(f"none of the checkpoints in {self._directory} can be read")
        return 0

    def _restore_means(self, path: str) -> None:
        reader = tf.train.load_checkpoint(path)
        if not reader.has_tensor(_MEANS):  # an older version saved between intervals only
            return
        self.means = reader.get_tensor(_MEANS)
        replicas = int(reader.get_tensor(_REPLICAS))
        if replicas != self._replicas and self._is_chief:
            warnings.warn(
                f"{path} was saved by {replicas} replicas and training goes on with "
                f"{self._replicas}: the steps are the same to rounding, not bit for bit",
                stacklevel=3,
            )

    def _newest_first(self) -> list[str]:
        """Returns the checkpoints in the directory, not those in TensorFlow's list.

        A power failure may truncate the list, and TensorFlow omits checkpoints with a time in the
        future. The index is written last, so a checkpoint with an index was complete.
        """
        paths = [str(path.with_suffix("")) for path in self._directory.glob("ckpt-*.index")]
        return sorted(paths, key=lambda path: int(path.rpartition("-")[2]), reverse=True)

    def _drop_damaged_list(self) -> None:
        try:
            tf.train.get_checkpoint_state(str(self._directory))
        except ValueError:  # empty or not text; TensorFlow itself ignores other damage
            (self._directory / "checkpoint").unlink()
