import json
import pathlib
import signal
import subprocess

import numpy as np
import pytest

from storage import atomic
from tests import programs
from tfvae.plots import read_table
from tfvae.training.run import train
from trainers.runs import run_directory
from trainers.runs.construct import build_data, build_model, check_names
from trainers.scores import SCORES
from trainers.sweeping.grid import call, plan

ROOT = pathlib.Path(__file__).parents[2]
STEPS = 1500
CONFIG = """
from trainers.configs import default

def get_config():
    config = default.get_config()
    config.batch_size, config.log_every = 8, 50
    config.evaluation.examples_in_training = 0
    config.model.encoder = {{"name": "DenseEncoder", "hidden": [4]}}
    config.model.decoder = {{"name": "DenseDecoder", "hidden": [4]}}
    config.data = {{"name": "Arrays", "source": {images!r}}}
    return config
"""
GRIDS = [
    {"config": "CONFIG", "optimizer.learning_rate": 1e-3, "steps": STEPS, "seed": [0, 1]},
    {"config": "CONFIG", "optimizer.learning_rate": 1e-2, "steps": STEPS, "batch_size": 17},
]
FINISHED, STOPPED, BROKEN = (
    "tiny-learning_rate=0.001-seed=0",
    "tiny-learning_rate=0.001-seed=1",
    "tiny-learning_rate=0.01-seed=0",
)


@pytest.fixture
def directory(tmp_path, images):
    """A sweep of three runs: the first finished by hand, the last with too large a batch."""
    np.save(tmp_path / "images.npy", images)
    config = tmp_path / "tiny.py"
    config.write_text(CONFIG.format(images=str(tmp_path / "images.npy")))
    grids = json.loads(json.dumps(GRIDS).replace("CONFIG", str(config)))
    sweep = {"grids": grids, "figures": ["tradeoff"], "rank_by": "reconstruction"}
    (tmp_path / "sweep.py").write_text(f"def get_sweep():\n    return {sweep!r}\n")
    first = plan(grids, tmp_path / "out")[0]
    data, _ = build_data(first.config)
    train(
        build_model(first.config, data),
        data,
        run_directory.claim(first.directory, first.config),
        steps=STEPS,
        batch_size=8,
        log_every=STEPS,
    )
    results = {"step": STEPS, "seed": 0, "elbo": -1.0, "reconstruction": -0.5}
    atomic.write_json(first.directory / "results.json", results)
    return tmp_path


def start(directory, *arguments):
    flags = [f"--sweep={directory / 'sweep.py'}", f"--workdir={directory / 'out'}", *arguments]
    return programs.start("trainers.sweep", *flags, stderr=subprocess.STDOUT)


@pytest.mark.slow
def test_stopped_sweep_is_resumed_past_finished_and_failing_runs(directory):
    out = directory / "out"
    sweep = start(directory)
    checkpoints = out / STOPPED / "checkpoints"
    programs.wait_until(lambda: list(checkpoints.glob("ckpt-*.index")), sweep)
    sweep.send_signal(signal.SIGINT)
    output, _ = sweep.communicate(timeout=60)
    assert sweep.returncode == 130
    assert output.startswith(f"3 runs in {out}, 1 of them finished\n")
    assert output.endswith("\nstopped; the same command resumes from the last checkpoints\n")
    assert not (out / STOPPED / f"checkpoints/ckpt-{STEPS}.index").exists()
    assert [row["run"] for row in read_table(out / "results.csv")] == [FINISHED]

    sweep = start(directory, "--processes=2")
    output, _ = sweep.communicate(timeout=300)
    assert sweep.returncode == 1
    assert f"{STOPPED}: finished" in output
    assert f"{BROKEN}: trainers.train failed (exit code 1)" in output
    assert "\n    error: batch_size is 17; it must be from 1 to" in output
    assert output.endswith(f"error: 1 runs failed: {BROKEN}\n")
    assert "resumed at step" in (out / STOPPED / "sweep.log").read_text()
    assert not (out / FINISHED / "sweep.log").exists()  # it was not run again
    rows = read_table(out / "results.csv")
    assert [(row["run"], row["seed"], row["step"]) for row in rows] == [
        (FINISHED, 0, STEPS),
        (STOPPED, 1, STEPS),
    ]
    assert rows[0]["elbo"] == -1.0
    assert rows[1]["elbo"] == json.loads((out / STOPPED / "results.json").read_text())["elbo"]
    ranked = np.mean([row["reconstruction"] for row in rows])
    assert f"  1 tiny learning_rate=0.001  {ranked:.4g}" in output
    assert (out / "tradeoff.png").exists()


@pytest.mark.parametrize(
    "file", sorted((ROOT / "trainers/sweeps").glob("[a-z]*.py")), ids=lambda file: file.stem
)
def test_committed_sweeps_name_what_there_is(file, tmp_path):
    sweep = call(file, "get_sweep")
    planned = plan(sweep["grids"], tmp_path)
    for run in planned:
        check_names(run.config)
    assert len({run.directory for run in planned}) == len(planned) > 1
    assert set(sweep.get("metrics", [])) <= set(SCORES)
