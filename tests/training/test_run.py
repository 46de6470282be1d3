import csv
import itertools
import resource
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfvae
from tfvae.training.checkpoints import Checkpoints
from tfvae.training.jit import steps_per_execution
from tfvae.training.run import _logging_intervals, train

BATCH = {"batch_size": 4, "log_every": 5}


@pytest.fixture
def compiled(tiny_model):
    """Makes models with the same initial weights; the optimizer has state."""

    def make(**kwargs):
        model = tiny_model(kl_warmup=tfvae.schedules.Linear(0.0, 1.0, 8), **kwargs)
        model.compile(keras.optimizers.Adam(1e-2), seed=3)
        return model

    return make


@pytest.fixture
def data(images):
    return tfvae.data.Arrays(images)


def state_of(model):
    variables = [*model.variables, *model.optimizer.variables]
    return np.concatenate([np.ravel(variable.numpy()).astype(np.float64) for variable in variables])


def rows_of(directory):
    with (directory / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def test_resumed_run_equals_an_uninterrupted_one(compiled, data, tmp_path):
    whole, first, second = compiled(), compiled(), compiled()
    evaluation = {"evaluation_data": data, "evaluation_examples": 6}
    assert train(whole, data, tmp_path / "whole", 12, **BATCH, **evaluation) == 0
    assert train(first, data, tmp_path / "parts", 7, **BATCH, **evaluation) == 0
    # What was recorded after the last checkpoint is recorded again.
    with (tmp_path / "parts/metrics.csv").open("a") as file:
        file.write("10,1,1,1,1,1,1,1,1\n")
    assert train(second, data, tmp_path / "parts", 12, **BATCH, **evaluation) == 7
    np.testing.assert_array_equal(state_of(second), state_of(whole))
    assert int(second.step) == 12
    # The interruption leaves a row of its own; the rows after it are those of the whole run.
    by_step = {row["step"]: row for row in rows_of(tmp_path / "parts")}
    assert list(by_step) == ["5", "7", "10", "12"]
    expected = rows_of(tmp_path / "whole")
    assert [row["step"] for row in expected] == ["5", "10", "12"]
    assert by_step["5"] == expected[0]
    assert by_step["12"] == expected[2]
    assert set(expected[0]) >= {"loss", "val_loss", "val_kl"}


def test_run_stopped_between_checkpoints_repeats_the_steps(compiled, data, images, tmp_path):
    class Interrupted(tfvae.data.Arrays):
        def shown(self, raw, seeds):
            killed = tf.reduce_any(seeds[:, 1] // 2**32 == 8)  # when batch 8 is read
            with tf.control_dependencies([tf.debugging.Assert(~killed, ["killed"])]):
                return super().shown(raw, seeds)

    with pytest.raises(tf.errors.InvalidArgumentError, match="killed"):
        train(compiled(), Interrupted(images), tmp_path / "parts", 15, **BATCH)
    resumed, whole = compiled(), compiled()
    assert train(resumed, data, tmp_path / "parts", 15, **BATCH) == 5
    train(whole, data, tmp_path / "whole", 15, **BATCH)
    np.testing.assert_array_equal(state_of(resumed), state_of(whole))
    assert rows_of(tmp_path / "parts") == rows_of(tmp_path / "whole")


def test_run_of_enough_steps_takes_none(compiled, data, tmp_path):
    model = compiled()
    train(model, data, tmp_path, 5, **BATCH)
    before = state_of(model)
    assert train(model, data, tmp_path, 5, **BATCH) == 5
    np.testing.assert_array_equal(state_of(model), before)


def test_evaluation_may_stop_or_start_when_a_run_is_resumed(compiled, data, tmp_path):
    evaluation = {"evaluation_data": data, "evaluation_examples": 6}
    train(compiled(), data, tmp_path, 5, **BATCH, **evaluation)
    train(compiled(), data, tmp_path, 10, **BATCH)
    train(compiled(), data, tmp_path, 15, **BATCH, **evaluation)
    rows = rows_of(tmp_path)
    assert [bool(row["val_loss"]) for row in rows] == [True, False, True]
    assert all(row["loss"] for row in rows)


def test_events_are_written_beside(compiled, data, tmp_path):
    train(compiled(), data, tmp_path, 5, **BATCH)
    (path,) = tmp_path.glob("events.out.tfevents*")
    names = {
        value.tag
        for event in tf.compat.v1.train.summary_iterator(str(path))
        for value in event.summary.value
    }
    assert names == {"loss", "elbo", "reconstruction", "kl"}


@pytest.mark.parametrize("name", ["steps", "batch_size", "log_every"])
def test_wrong_numbers_are_named(compiled, data, tmp_path, name):
    with pytest.raises(ValueError, match=f"{name} is 0; it must be at least 1"):
        train(compiled(), data, tmp_path, **{"steps": 5, **BATCH, name: 0})


@pytest.mark.parametrize(
    ("start", "steps", "expected"),
    [
        (0, 30, [(0, 10, 3)]),
        (0, 25, [(0, 10, 2), (20, 5, 1)]),
        (3, 25, [(3, 7, 1), (10, 10, 1), (20, 5, 1)]),
        (0, 4, [(0, 4, 1)]),
        (23, 25, [(23, 2, 1)]),
        (30, 30, []),
    ],
)
def test_logging_intervals_end_at_multiples_of_log_every(start, steps, expected):
    assert _logging_intervals(start, steps, log_every=10) == expected


def test_executions_leave_no_step_over():
    assert [steps_per_execution(n, None) for n in (1000, 7, 23, 38, 1)] == [20, 7, 1, 19, 1]
    # With XLA as many as take half a second.
    assert [steps_per_execution(1000, ms) for ms in (0.5, 12.0, 90.0, 700.0)] == [100, 40, 5, 1]


def saved(model, directory, steps):
    checkpoints = Checkpoints(model, directory)
    for step in steps:
        model.optimizer.iterations.assign(step)
        model.trainable_weights[0].assign(np.full(model.trainable_weights[0].shape, step))
        checkpoints.save()


def flip_a_byte(directory, name):
    (path,) = directory.glob(name)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def truncate(directory, name):
    (path,) = directory.glob(name)
    path.write_bytes(path.read_bytes()[:100])


def empty(directory, name):
    (path,) = directory.glob(name)
    path.write_bytes(b"")


def remove(directory, name):
    (path,) = directory.glob(name)
    path.unlink()


@pytest.mark.parametrize(
    ("damage", "part"),
    [
        *itertools.product([flip_a_byte, truncate, empty], ["data-00000-of-00001", "index"]),
        (remove, "data-00000-of-00001"),
    ],
)
def test_damaged_checkpoint_gives_way_to_the_one_before(compiled, tmp_path, part, damage):
    saved(compiled(), tmp_path, (5, 10))
    damage(tmp_path, f"ckpt-10.{part}")
    model = compiled()
    with pytest.warns(UserWarning, match=r"ckpt-10 is damaged .*trying the one before it"):
        assert Checkpoints(model, tmp_path).restore() == 5
    assert (model.trainable_weights[0].numpy() == 5).all()
    damage(tmp_path, f"ckpt-5.{part}")
    with (
        pytest.raises(OSError, match=r"none of the checkpoints in .* can be read"),
        pytest.warns(UserWarning, match="is damaged"),
    ):
        Checkpoints(compiled(), tmp_path).restore()


@pytest.mark.parametrize("content", [b"", b"\xff", b'model_checkpoint_path: "ckpt-10"\nall_mod'])
def test_damaged_list_of_checkpoints_loses_none(compiled, tmp_path, content):
    saved(compiled(), tmp_path, (5, 10))
    (tmp_path / "checkpoint").write_bytes(content)
    assert Checkpoints(compiled(), tmp_path).restore() == 10
    saved(compiled(), tmp_path, (15,))
    assert Checkpoints(compiled(), tmp_path).restore() == 15


def test_checkpoint_of_another_model_is_refused(compiled, tmp_path):
    saved(compiled(), tmp_path, (5,))
    with pytest.raises(ValueError, match=r"ckpt-5 belongs to another model"):
        Checkpoints(compiled(posterior=tfvae.heads.FullCovarianceNormal(2)), tmp_path).restore()


def test_the_newest_are_kept(compiled, tmp_path):
    saved(compiled(), tmp_path, range(1, 6))
    assert sorted(path.stem for path in tmp_path.glob("*.index")) == ["ckpt-3", "ckpt-4", "ckpt-5"]
    assert Checkpoints(compiled(), tmp_path / "new").restore() == 0


def test_full_disk_leaves_the_last_good_checkpoint(compiled, tmp_path):
    model = compiled()
    saved(model, tmp_path, (5,))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a failed write instead of a signal
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (512, limits[1]))
        with pytest.raises(OSError, match=r"step 10 cannot be written.*last good one is .*ckpt-5"):
            saved(model, tmp_path, (10,))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, previous)
    fresh = compiled()
    assert Checkpoints(fresh, tmp_path).restore() == 5
    saved(fresh, tmp_path, (10,))  # the disk is free again
    assert Checkpoints(compiled(), tmp_path).restore() == 10
