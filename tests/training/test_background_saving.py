import gc
import threading

import numpy as np
import pytest
import tensorflow as tf

import tfvae
from tfvae.training import checkpoints as checkpoints_module
from tfvae.training.checkpoints import Checkpoints
from tfvae.training.run import train

SAVE = tf.train.CheckpointManager.save


@pytest.fixture
def model(tiny_model):
    model = tiny_model()
    model.compile("adam")
    return model


@pytest.fixture
def disk(monkeypatch):
    """A disk that blocks writes until disk.set()."""
    event = threading.Event()

    def save(manager, **kwargs):
        assert event.wait(timeout=60)
        return SAVE(manager, **kwargs)

    monkeypatch.setattr(tf.train.CheckpointManager, "save", save)
    return event


def fill(model, value):
    model.optimizer.iterations.assign(value)
    for weight in model.trainable_weights:
        weight.assign(np.full(weight.shape, value))


def test_training_goes_on_while_a_checkpoint_is_written(model, disk, tmp_path):
    checkpoints = Checkpoints(model, tmp_path)
    fill(model, 5)
    checkpoints.save(background=True)
    fill(model, 6)
    assert not list(tmp_path.glob("ckpt-*"))
    disk.set()
    checkpoints.wait()
    assert Checkpoints(model, tmp_path).restore() == 5
    assert all((weight.numpy() == 5).all() for weight in model.trainable_weights)


def test_what_the_disk_did_not_take_is_known_at_the_next_and_at_the_end(
    model, monkeypatch, images, tmp_path
):
    checkpoints = Checkpoints(model, tmp_path)
    fill(model, 5)
    checkpoints.save()

    def full(manager, **kwargs):
        raise tf.errors.ResourceExhaustedError(None, None, "no space left")

    monkeypatch.setattr(tf.train.CheckpointManager, "save", full)
    fill(model, 6)
    checkpoints.save(background=True)
    with pytest.raises(OSError, match=r"step 6 cannot be written .* last good one is .*ckpt-5"):
        checkpoints.save(background=True)
    with pytest.raises(OSError, match=r"step 8 cannot be written .* last good one is None"):
        fill(model, 0)
        train(model, tfvae.data.Arrays(images), tmp_path / "run", steps=8, batch_size=4)


def test_a_slow_disk_is_named(model, disk, monkeypatch, tmp_path):
    monkeypatch.setattr(checkpoints_module, "_PATIENCE_SECONDS", 0.0)
    checkpoints = Checkpoints(model, tmp_path)
    checkpoints.save(background=True)
    timer = threading.Timer(0.1, disk.set)
    timer.start()
    with pytest.warns(UserWarning, match=r"training waited .* s for the previous checkpoint"):
        checkpoints.save()


def test_restoring_leaves_nothing_to_warn_of(model, caplog, tmp_path):
    Checkpoints(model, tmp_path).save()
    Checkpoints(model, tmp_path).restore()
    gc.collect()  # TensorFlow warns when the restored object is deleted
    assert "unrestored" not in caplog.text
