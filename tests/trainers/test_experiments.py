"""Published experiments by name, in a checkout and installed."""

import os
import pathlib
import subprocess
import sys
import zipfile

import pytest

from trainers import experiments

ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.parametrize(("kind", "name"), [("config", "vae_mnist"), ("sweep", "pinwheel")])
def test_names_and_files_are_found(kind, name, tmp_path):
    file = experiments.find(name, kind)
    assert file == ROOT / f"trainers/{kind}s/{name}.py"
    assert experiments.find(str(file), kind) == file
    with pytest.raises(ValueError, match=rf"there is no {kind} '{name}s'; did you mean '{name}'\?"):
        experiments.find(f"{name}s", kind)
    with pytest.raises(ValueError, match=f"there is no file {tmp_path}/{name}.py"):
        experiments.find(f"{tmp_path}/{name}.py", kind)


@pytest.mark.slow
def test_wheel_has_every_experiment_and_trains_one_by_name(tmp_path):
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q"]
    subprocess.run([*build, f"--wheel-dir={tmp_path}", str(ROOT)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as files:
        files.extractall(installed)
    for folder in ("configs", "sweeps"):
        names = {path.name for path in (ROOT / "trainers" / folder).glob("*.py")}
        assert {path.name for path in (installed / "trainers" / folder).glob("*.py")} == names
    flags = ["--config=decomposition_pinwheel", "--config.steps=2", "--workdir=run"]
    command = [sys.executable, "-c", "from trainers.train import cli; cli()", *flags]
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    run = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "DecompositionVAE of " in run.stdout
    assert (tmp_path / "run/config.json").exists()
