"""--jit in real runs: the choice is printed, stored, and used again on resuming."""

import json

import pytest

from tests import programs

FLAGS = [
    "--config=trainers/configs/decomposition_pinwheel.py",
    "--config.log_every=1000",
    "--config.evaluation.examples_in_training=0",
]


def train(*flags):
    return programs.run("trainers.train", *FLAGS, *flags)


@pytest.mark.slow
def test_auto_says_what_it_chose_and_a_resumed_run_keeps_to_it(tmp_path):
    run = f"--workdir={tmp_path / 'run'}"
    first = train(run, "--jit=auto", "--config.steps=3002")
    assert first.returncode == 0, first.stderr
    choice = json.loads((tmp_path / "run" / "jit.json").read_text())
    chosen, other = ("on", "off") if choice["jit"] else ("off", "on")
    timing = choice["milliseconds_per_step"]
    assert f"--jit={chosen}: {timing['off']:.2f} ms a step, {timing['on']:.2f} ms" in first.stdout
    assert train(run, "--jit=auto", "--config.steps=3004").returncode == 0
    refused = train(run, f"--jit={other}", "--config.steps=3006")
    assert refused.returncode == 1
    assert f"was begun with --jit={chosen}" in refused.stderr
