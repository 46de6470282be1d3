"""Ends training between steps after Ctrl-C or a preemption notice."""

import signal
import threading
from typing import Any

import keras
import tensorflow as tf

from tfvae.training import workers
from tfvae.training.checkpoints import Checkpoints


class Preempted(Exception):
    """SIGTERM was received; the state was saved and training ended."""


class StopWhenAsked(keras.callbacks.Callback):
    """Ends training after the current execution; the last callback.

    Ctrl-C raises KeyboardInterrupt; a second Ctrl-C raises it at once. SIGTERM saves a checkpoint
    and raises `Preempted`. If one of several workers gets a signal, all stop at the same step.

    Python's own handler raises KeyboardInterrupt at any place in the main thread; inside
    TensorFlow's callbacks it would be swallowed, and the run would continue.

    Args:
        checkpoints: the checkpoints of the run.
        strategy: the strategy that the workers share.
    """

    def __init__(self, checkpoints: Checkpoints, strategy: tf.distribute.Strategy):
        super().__init__()
        self._checkpoints = checkpoints
        self._signals: set[int] = set()
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
        if number == signal.SIGINT and number in self._signals:
            raise KeyboardInterrupt
        self._signals.add(number)

    def on_train_batch_end(self, batch, logs=None):
        """Stops within a logging interval, if any worker got a signal."""
        if batch + 1 < self.params["steps"]:
            self._stop(mid_interval=True)

    def on_epoch_end(self, epoch, logs=None):
        """Stops between two logging intervals; the checkpoint is saved already."""
        self._stop(mid_interval=False)

    def on_test_batch_end(self, batch, logs=None):
        """Raises KeyboardInterrupt after Ctrl-C; with several workers, after the data."""
        if signal.SIGINT in self._signals and not self._several:
            raise KeyboardInterrupt

    def _stop(self, mid_interval: bool) -> None:
        interrupted, preempted = (n in self._signals for n in (signal.SIGINT, signal.SIGTERM))
        if self._several:
            signals = tf.constant([interrupted, preempted], tf.float32)
            interrupted, preempted = self._total(signals).numpy() > 0
        if preempted:
            if mid_interval:
                self._checkpoints.save(mid_interval=True)
            self._checkpoints.wait()
            if self._several:
                # If a worker ended before, the chief could be ended while it is writing.
                self._total(signals)
            raise Preempted
        if interrupted:
            raise KeyboardInterrupt
