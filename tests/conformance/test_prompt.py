import json
import os
import signal
import socket
import subprocess

import numpy as np
import pytest
import tensorflow as tf

from tests import programs

CONFIG = """
from trainers.configs import default

def get_config():
    config = default.get_config()
    config.steps, config.batch_size, config.log_every = 6, 33, 3
    config.model.encoder = {"name": "DenseEncoder", "hidden": [16]}
    config.model.decoder = {"name": "DenseDecoder", "hidden": [16]}
    config.optimizer = {"name": "SGD", "learning_rate": 1e-4}
    config.evaluation.examples_in_training = 50
    return config
"""


def _train(config, workdir, task=None, *arguments):
    environment = {**os.environ, "TF_CONFIG": json.dumps(task)} if task else {**os.environ}
    flags = [f"--config={config}", f"--workdir={workdir}", *arguments]
    return programs.start("trainers.train", *flags, env=environment, stderr=subprocess.STDOUT)


def _finish(*processes):
    outputs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), outputs
    return outputs


def _free_ports(number):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [bound.getsockname()[1] for bound in sockets]
    for bound in sockets:
        bound.close()
    return ports


def _variables(workdir, of="weights"):
    reader = tf.train.load_checkpoint(str(workdir / "checkpoints"))
    shapes = reader.get_variable_to_shape_map()
    names = sorted(name for name in shapes if name.startswith(f"{of}/"))
    return np.concatenate([np.ravel(reader.get_tensor(name)) for name in names])


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("config") / "small.py"
    path.write_text(CONFIG)
    return path


@pytest.fixture(scope="module")
def one_device(config, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("one")
    _finish(_train(config, workdir))
    return workdir


@pytest.mark.slow
def test_two_workers_equal_one_device_and_only_the_chief_writes(config, one_device, tmp_path):
    cluster = {"worker": [f"127.0.0.1:{port}" for port in _free_ports(2)]}
    tasks = [{"cluster": cluster, "task": {"type": "worker", "index": i}} for i in range(2)]
    workdirs = [tmp_path / "shared", tmp_path / "shared"]
    workers = [
        _train(config, workdir, task, "--strategy=multi_worker")
        for workdir, task in zip(workdirs, tasks, strict=True)
    ]
    chief, other = _finish(*workers)
    assert "6 steps in" in chief
    assert "steps in" not in other
    assert np.max(np.abs(_variables(tmp_path / "shared") - _variables(one_device))) < 1e-5
    for text in ("config.json", "metrics.csv"):
        assert (tmp_path / "shared" / text).exists()


def test_killed_and_resumed_equals_uninterrupted_bit_for_bit(config, tmp_path):
    flags = ["--config.steps=400", "--config.log_every=40", "--config.optimizer.name=Adam"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    process = _train(config, killed, None, *flags)
    programs.wait_until((killed / "checkpoints" / "checkpoint").exists, process)
    process.kill()
    assert process.wait() == -signal.SIGKILL  # it had not finished
    (output,) = _finish(_train(config, killed, None, *flags))
    assert "resumed at step" in output
    _finish(_train(config, whole, None, *flags))
    for part in ("weights", "optimizer"):
        assert np.array_equal(_variables(killed, part), _variables(whole, part))
    assert (killed / "metrics.csv").read_text() == (whole / "metrics.csv").read_text()


def test_interrupt_says_how_to_go_on(config, tmp_path):
    process = _train(config, tmp_path, None, "--config.steps=100000")
    programs.wait_until((tmp_path / "metrics.csv").exists, process)
    process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 130
    assert "the same command resumes" in output
    assert "Traceback" not in output


def test_another_config_is_refused_with_the_difference(config, one_device):
    process = _train(config, one_device, None, "--config.seed=7")
    output = process.communicate()[0]
    assert process.returncode == 1
    assert "seed: 0 there, 7 requested" in output
    assert "Traceback" not in output


def test_a_damaged_record_is_named_in_one_sentence(tmp_path):
    path = tmp_path / "images.tfrecord"
    png = tf.io.encode_png(np.zeros((16, 16, 1), np.uint8)).numpy()
    feature = {"image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[png]))}
    record = tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()
    with tf.io.TFRecordWriter(str(path)) as writer:
        for _ in range(100):
            writer.write(record)
    damaged = bytearray(path.read_bytes())
    damaged[-10] ^= 255  # in the last record's image
    path.write_bytes(damaged)
    config = tmp_path / "records.py"
    data = {"name": "TFRecords", "pattern": str(path), "split": "all"}
    config.write_text(CONFIG.replace("    return", f"    config.data = {data}\n    return"))
    process = _train(config, tmp_path / "run")
    output = process.communicate()[0]
    assert process.returncode == 1
    assert "images.tfrecord, record 99, is damaged" in output
    assert "Traceback" not in output
