import os
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfvae
from tfvae.training.run import train
from tfvae.training.stopping import Preempted

RUN = {"steps": 80, "batch_size": 4, "log_every": 40}  # executions of 20 steps


class Notified(tfvae.data.Arrays):
    """Sends this process a signal as batch 5 is read."""

    def __init__(self, images, number):
        super().__init__(images)
        self._number = number

    def shown(self, raw, seeds):
        def send(batch):
            if batch == 5:
                os.kill(os.getpid(), self._number)
            return batch

        sent = tf.py_function(send, [seeds[0, 1] // 2**32], tf.int64)
        with tf.control_dependencies([sent]):
            return super().shown(raw, seeds)


@pytest.fixture
def compiled(tiny_model):
    def make():
        model = tiny_model()
        model.compile(keras.optimizers.Adam(1e-2), seed=3)
        return model

    return make


def test_notice_of_preemption_saves_within_an_interval_and_loses_nothing(
    compiled, images, tmp_path
):
    handler = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Preempted):
        train(compiled(), Notified(images, signal.SIGTERM), tmp_path / "parts", **RUN)
    assert signal.getsignal(signal.SIGTERM) is handler
    resumed, whole = compiled(), compiled()
    assert train(resumed, tfvae.data.Arrays(images), tmp_path / "parts", **RUN) == 20
    train(whole, tfvae.data.Arrays(images), tmp_path / "whole", **RUN)
    for left, right in zip(resumed.variables, whole.variables, strict=True):
        np.testing.assert_array_equal(left, right)
    for left, right in zip(resumed.optimizer.variables, whole.optimizer.variables, strict=True):
        np.testing.assert_array_equal(left, right)
    # The means of the interval continued.
    tables = [(tmp_path / name / "metrics.csv").read_text() for name in ("parts", "whole")]
    assert tables[0] == tables[1]


def test_interrupt_ends_training_and_saves_nothing(compiled, images, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(compiled(), Notified(images, signal.SIGINT), tmp_path, **RUN)
    assert not list(tmp_path.glob("checkpoints/*"))
