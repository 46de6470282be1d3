import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.real_process
def test_a_run_killed_three_times_ends_as_one_that_nobody_killed():
    command = [sys.executable, "-m", "benchmarks.chaos", "--kills=3", "--steps=1000", "--seed=1"]
    done = subprocess.run(
        [*command, "--seconds=0.5"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    kills = re.findall(r"^kill \d, the newest checkpoint being (\d+)$", done.stdout, re.MULTILINE)
    assert len(kills) == 3
    assert 0 < int(kills[-1]) < 1000
    assert "weights, optimizer and metrics.csv after 1,000 steps are those of" in done.stdout
