"""Workers as processes: substitutes that start at once and, in slow tests, ones that train."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf
from ml_collections import ConfigDict

import tfvae
from tests import programs
from trainers import launch
from trainers.runs.evaluations import newest_step
from trainers.runs.run_directory import RunError
from trainers.workers import agreement

ROOT = pathlib.Path(__file__).parents[2]
# Worker 1 does what the flag says, the others wait for a signal.
STAND_IN = """
import json, os, signal, sys, time
task = json.loads(os.environ["TF_CONFIG"])["task"]
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
print("ready", task["index"], *sys.argv[1:])
if task["index"] == 1 and sys.argv[-1] == "--fail":
    sys.exit(3)
if task["index"] == 1 and sys.argv[-1] == "--die":
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[-1] != "--end":
    time.sleep(100)
"""
CONFIG = """
from trainers.configs import default

def get_config():
    config = default.get_config()
    config.steps, config.batch_size, config.log_every = 400, 33, 40
    config.model.encoder = {"name": "DenseEncoder", "hidden": [16]}
    config.model.decoder = {"name": "DenseDecoder", "hidden": [16]}
    config.evaluation.examples_in_training = 0
    return config
"""


@pytest.fixture
def stand_in(tmp_path):
    """Starts the launcher with substitutes for the trainer."""
    (tmp_path / "stand_in.py").write_text(STAND_IN)
    program = "from trainers import launch; launch.TRAIN = 'stand_in'; launch.cli()"

    def start(*flags):
        return subprocess.Popen(
            [sys.executable, "-c", program, "--workers=3", "--", *flags],
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{tmp_path}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.mark.real_process
def test_output_is_marked_and_all_is_well_when_all_end_well(stand_in):
    output, errors = stand_in("--config=c", "--end").communicate(timeout=60)
    assert sorted(output.splitlines()) == [
        f"[worker {i}] ready {i} --strategy=multi_worker --config=c --end" for i in range(3)
    ]
    assert errors == ""


@pytest.mark.real_process
@pytest.mark.parametrize(
    ("flag", "code", "how"), [("--fail", 3, "ended with 3"), ("--die", 137, "ended by SIGKILL")]
)
def test_one_worker_that_ends_ends_all_at_once(stand_in, flag, code, how):
    process = stand_in(flag)
    _, errors = process.communicate(timeout=60)  # others would sleep longer
    assert process.returncode == code
    (line,) = errors.splitlines()
    assert line.startswith("error: worker 1 ") and how in line and "other workers were" in line


@pytest.mark.real_process
def test_signals_are_passed_on(stand_in):
    process = stand_in("--wait")
    for _ in range(3):
        assert "ready" in process.stdout.readline()
    process.terminate()
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (143, "")


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("config") / "small.py"
    path.write_text(CONFIG)
    return path


def worker(task, config, workdir, *flags):
    """Starts one worker of a job, as a cluster would."""
    return programs.start(
        "trainers.train",
        *(f"--config={config}", f"--workdir={workdir}", "--strategy=multi_worker", *flags),
        env={**os.environ, "TF_CONFIG": task},
        stderr=subprocess.STDOUT,
    )


def workers(config, workdir, *flags):
    return [worker(task, config, workdir, *flags) for task in launch.tf_configs(2)]


def finish(processes):
    outputs = [process.communicate(timeout=300)[0] for process in processes]
    return [process.returncode for process in processes], outputs


def wait_for_checkpoint(processes, workdir):
    """Waits for the next checkpoint."""
    newest = newest_step(workdir)
    while newest_step(workdir) == newest:
        assert all(process.poll() is None for process in processes), finish(processes)
        time.sleep(0.02)


def state(workdir):
    reader = tf.train.load_checkpoint(str(workdir / "checkpoints" / "ckpt-400"))
    names = sorted(
        name
        for name in reader.get_variable_to_shape_map()
        if name.startswith(("weights/", "optimizer/"))
    )
    return np.concatenate([np.ravel(reader.get_tensor(name)).astype(float) for name in names])


@pytest.mark.slow
def test_preempted_and_lost_workers_are_started_again_and_lose_nothing(config, tmp_path):
    broken, whole = tmp_path / "broken", tmp_path / "whole"
    assert finish(workers(config, whole))[0] == [0, 0]

    job = workers(config, broken)
    wait_for_checkpoint(job, broken)
    job[1].kill()
    codes, (chief, _) = finish(job)
    assert codes == [75, -signal.SIGKILL]
    assert re.search(r"\nerror: (worker 1|another worker) was lost, and the others", chief), chief
    assert "Traceback" not in chief

    job = workers(config, broken)
    wait_for_checkpoint(job, broken)
    job[1].terminate()  # one gets the signal; both save and end at the same step
    codes, (chief, other) = finish(job)
    assert codes == [143, 143]
    assert "preempted; step " in chief
    assert "preempted" not in other  # only the chief prints it

    codes, (chief, _) = finish(workers(config, broken))
    assert codes == [0, 0]
    assert "resumed at step" in chief
    np.testing.assert_array_equal(state(broken), state(whole))


@pytest.mark.slow
def test_workers_started_differently_are_told_how(config, tmp_path):
    first, second = launch.tf_configs(2)
    job = [
        worker(first, config, tmp_path, "--jit=auto"),
        worker(
            second,
            config,
            tmp_path,
            "--jit=off",
            "--config.seed=7",
            "--config.model.num_samples=2",
        ),
    ]
    codes, outputs = finish(job)
    assert codes == [1, 1]
    for output in outputs:
        assert output.splitlines()[-5:-1] == [
            "error: the workers were not started alike:",
            "  config.model.num_samples: 1 on worker 0, 2 on worker 1",
            "  config.seed: 0 on worker 0, 7 on worker 1",
            "  flags.jit: 'auto' on worker 0, 'off' on worker 1",
        ]
    assert not list(tmp_path.iterdir())


def test_versions_that_differ_are_shown(monkeypatch):
    told = []

    def gathered_texts(strategy, text):
        told.append(json.loads(text))
        other = {**told[0], "versions": {**told[0]["versions"], "tfvae": "0.0.9"}}
        return [text, json.dumps(other)]

    monkeypatch.setattr(agreement.workers, "names", lambda _: ["worker 0", "worker 1"])
    monkeypatch.setattr(agreement.workers, "gathered_texts", gathered_texts)
    message = f"  versions.tfvae: '{tfvae.__version__}' on worker 0, '0.0.9' on worker 1\nStart all"
    with pytest.raises(RunError, match=message):
        agreement.require_agreement(tf.distribute.get_strategy(), ConfigDict({"seed": 0}))
