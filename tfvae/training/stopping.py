"""Ends training between steps when it is asked to: by Ctrl-C, or by notice of a preemption."""

import signal
import threading
from typing import Any

import keras
import tensorflow as tf

from tfvae.training import workers
from tfvae.training.checkpoints import Checkpoints


class Preempted(Exception):
    """SIGTERM came: the state of the step under way was saved, and training ended."""


class StopWhenAsked(keras.callbacks.Callback):
    """Ends training after the execution under way; the last callback.

    Ctrl-C raises KeyboardInterrupt, a second one at once. SIGTERM saves a checkpoint and raises
    `Preempted`. Where one of several workers is asked, all of them stop at the same step.

    Python raises KeyboardInterrupt wherever the main thread is. Inside TensorFlow's own callbacks
    it is swallowed, and the run would go on as if nobody had asked.

    Args:
        checkpoints: where to save.
        strategy: the strategy that the workers share.
    """

    def __init__(self, checkpoints: Checkpoints, strategy: tf.distribute.Strategy):
        super().__init__()
        self._checkpoints = checkpoints
        self._asked: set[int] = set()
        self._before: dict[int, Any] = {}
        self._several = len(workers.names(strategy)) > 1
        self._total = tf.function(
            lambda row: strategy.reduce("SUM", strategy.run(lambda: row), axis=None)
        )

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number, _):
        if number == signal.SIGINT and number in self._asked:
            raise KeyboardInterrupt
        self._asked.add(number)

    def on_train_batch_end(self, batch, logs=None):
        """Stops within a stretch, where anybody was asked to."""
        if batch + 1 < self.params["steps"]:
            self._stop(under_way=True)

    def on_epoch_end(self, epoch, logs=None):
        """Stops between two stretches; the checkpoint is saved already."""
        self._stop(under_way=False)

    def on_test_batch_end(self, batch, logs=None):
        """Raises KeyboardInterrupt where it was asked for; of several workers, after the data."""
        if signal.SIGINT in self._asked and not self._several:
            raise KeyboardInterrupt

    def _stop(self, under_way: bool) -> None:
        interrupted, preempted = (n in self._asked for n in (signal.SIGINT, signal.SIGTERM))
        if self._several:
            asked = tf.constant([interrupted, preempted], tf.float32)
            interrupted, preempted = self._total(asked).numpy() > 0
        if preempted:
            if under_way:
                self._checkpoints.save(under_way=True)
            self._checkpoints.wait()
            if self._several:
                # Whoever ended sooner might have the chief ended in the middle of its writing.
                self._total(asked)
            raise Preempted
        if interrupted:
            raise KeyboardInterrupt
