"""One run directory, one run: the second is refused for as long as the first lasts."""

import errno
import fcntl
import socket

import pytest

from tests import programs
from trainers.runs import run_lock

CONFIG = """
from trainers.configs import default

def get_config():
    config = default.get_config()
    config.batch_size, config.log_every, config.steps = 8, 5, 1_000_000
    config.evaluation.examples_in_training = 0
    config.model.encoder = {"name": "DenseEncoder", "hidden": [4]}
    config.model.decoder = {"name": "DenseDecoder", "hidden": [4]}
    return config
"""


def test_second_run_is_refused_until_the_first_process_ends(tmp_path):
    (tmp_path / "tiny.py").write_text(CONFIG)
    run = tmp_path / "run"
    flags = [f"--config={tmp_path}/tiny.py", f"--workdir={run}"]
    first = programs.start("trainers.train", *flags)
    programs.wait_until(lambda: list(run.glob("checkpoints/ckpt-*.index")), first)
    config = (run / "config.json").read_bytes()

    second = programs.run("trainers.train", *flags, "--config.optimizer.learning_rate=0.5")
    assert second.returncode == 1
    holder = f"process {first.pid} on {socket.gethostname()}"
    assert second.stderr == (
        f"error: workdir {run} is in use by {holder}; wait until it ends, or give another "
        "--workdir\n"
    )
    assert (run / "config.json").read_bytes() == config
    reading = programs.run("trainers.evaluate", f"--workdir={run}", "--num_samples=0")
    assert reading.returncode == 0, reading.stderr

    first.kill()
    first.wait()
    rows = len((run / "metrics.csv").read_text().splitlines())
    resumed = programs.run("trainers.train", *flags, f"--config.steps={5 * rows + 10}")
    assert resumed.returncode == 0, resumed.stderr
    assert "resumed at step" in resumed.stdout


def test_file_system_without_locks_is_told(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "lockf", refuse)
    with pytest.warns(UserWarning, match=r"cannot be locked \(No locks available\): do not start"):
        run_lock.lock(tmp_path)
