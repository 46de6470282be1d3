"""Checkpoints: everything that a resumed run needs, listed variable by variable."""

import pathlib
import tempfile
import warnings

import tensorflow as tf

from tfvae.training.trainable_model import TrainableModel
from tfvae.training.workers import is_chief

# What reading a truncated, overwritten or half-deleted checkpoint raises (TensorFlow keeps a
# CRC-32C of every tensor): OpError itself for a broken index, IndexError for missing bytes.
_DAMAGED = (tf.errors.OpError, IndexError)


class Checkpoints:
    """The checkpoints of one run.

    Randomness and data are functions of the step, so weights and the optimizer's variables (of
    which the step is one) are the whole state.

    Args:
        model: a compiled model.
        directory: where the checkpoints are; made when the first is saved.
        keep: how many of the newest are kept.
    """

    def __init__(self, model: TrainableModel, directory: str | pathlib.Path, keep: int = 3):
        self._model = model
        # Listed explicitly: TensorFlow's own tracking omits layers that Keras holds in lists.
        state = tf.train.Checkpoint(
            weights=[variable.value for variable in model.variables],
            optimizer=[
                variable.value
                for player in model.players()
                for variable in player.optimizer.variables
            ],
        )
        self._state = state
        self._is_chief = is_chief(model.distribute_strategy)
        self._directory = pathlib.Path(directory)
        if self._is_chief:
            self._drop_damaged_list()
        self._manager = tf.train.CheckpointManager(state, str(directory), max_to_keep=keep)

    @property
    def step(self) -> int:
        """The model's step."""
        return int(self._model.step.numpy())

    def save(self) -> str:
        """Saves the state of this step beside the others; returns the path.

        Every worker must call it, since reading distributed variables may need them all; what
        workers other than the chief write is thrown away.

        Raises:
            OSError: where the disk does not take it; the checkpoints before stay as they were.
        """
        try:
            if self._is_chief:
                return self._manager.save(checkpoint_number=self.step)
            with tempfile.TemporaryDirectory() as scratch:
                return self._state.write(f"{scratch}/ckpt")
        except (tf.errors.OpError, OSError) as error:
            raise OSError(
                f"the checkpoint of step {self.step} cannot be written to "
                f"{self._directory}: {error}. The last good one is "
                f"{next(iter(self._newest_first()), None)}; free the disk and run the same command"
            ) from error

    def restore(self) -> int:
        """Restores the newest checkpoint that is whole; returns its step, 0 where there is none.

        Raises:
            ValueError: where the checkpoint belongs to another model.
            OSError: where checkpoints exist and none is whole.
        """
        paths = self._newest_first()
        for path in paths:
            try:
                status = self._state.restore(path)
                status.assert_existing_objects_matched()
            except _DAMAGED as error:
                warnings.warn(
                    f"checkpoint {path} is damaged ({str(error).splitlines()[0]}); trying the "
                    "one before it",
                    stacklevel=2,
                )
                continue
            except (AssertionError, ValueError) as error:
                raise ValueError(f"checkpoint {path} belongs to another model: {error}") from error
            return self.step
        if paths:
            raise OSError(f"none of the checkpoints in {self._directory} can be read")
        return 0

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
