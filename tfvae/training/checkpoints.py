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

# What reading a truncated, overwritten or half-deleted checkpoint raises (TensorFlow keeps a
# CRC-32C of every tensor): OpError itself for a broken index, IndexError for missing bytes.
_DAMAGED = (tf.errors.OpError, IndexError)
_PATIENCE_SECONDS = 1.0
_MEANS, _REPLICAS = (f"{name}/.ATTRIBUTES/VARIABLE_VALUE" for name in ("means", "replicas"))


class Checkpoints:
    """The checkpoints of one run.

    Randomness and data are functions of the step, so weights, the optimizers' variables (of
    which the step is one) and the means of an unfinished logging interval are the whole state.

    Args:
        model: a compiled model.
        directory: where the checkpoints are; made when the first is saved.
        keep: how many of the newest are kept.

    Attributes:
        means: (sum, count) of every term so far, float32 [terms, 2], of the logging interval
            in which the restored checkpoint was saved; zeros if it was saved at its end.
    """

    def __init__(self, model: TrainableModel, directory: str | pathlib.Path, keep: int = 3):
        model.require_compiled()
        self._model = model
        # Listed explicitly: TensorFlow's own tracking omits layers that Keras holds in lists.
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
        """Saves the state of this step beside the others.

        Every worker must call it, since reading means needs them all; the chief writes.

        Args:
            background: whether to come back as soon as the state is copied; what becomes of the
                file is known to the next `save` and to `wait`.
            mid_interval: whether a logging interval is unfinished, so that its means are saved too.

        Raises:
            OSError: if the disk does not take it, or did not take the one before; those before
                stay as they were.
        """
        started = time.perf_counter()
        self.wait()
        waited = time.perf_counter() - started
        if waited > _PATIENCE_SECONDS:
            warnings.warn(
                f"training waited {waited:.0f} s for the checkpoint before this one to be written "
                f"to {self._directory}; raise log_every, or give a faster disk",
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
        """Waits for what is written in the background.

        Raises:
            OSError: if the disk did not take it.
        """
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def close(self) -> None:
        """As `wait`; nothing is saved afterwards."""
        self._writer.shutdown()
        self.wait()

    @functools.cached_property
    def _copies(self) -> dict:
        """Variables that hold the state while it is written; training goes on in its own."""
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
        """Restores the newest checkpoint that is whole; returns its step, 0 if there is none.

        Raises:
            ValueError: if the checkpoint belongs to another model.
            OSError: if checkpoints exist and none is whole.
        """
        paths = self._newest_first()
        for path in paths:
            try:
                state = tf.train.Checkpoint(**self._variables)
                status = state.restore(path).assert_existing_objects_matched()
                status.expect_partial()  # what follows is read apart
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
        """The checkpoints that are there, whatever TensorFlow's list of them says.

        The list may be cut short by a power failure, and TensorFlow leaves out of it what is
        younger than the clock. An index is written last: what has one was whole.
        """
        paths = [str(path.with_suffix("")) for path in self._directory.glob("ckpt-*.index")]
        return sorted(paths, key=lambda path: int(path.rpartition("-")[2]), reverse=True)

    def _drop_damaged_list(self) -> None:
        try:
            tf.train.get_checkpoint_state(str(self._directory))
        except ValueError:  # empty, or no text; TensorFlow itself ignores any other
            (self._directory / "checkpoint").unlink()
