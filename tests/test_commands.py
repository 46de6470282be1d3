"""The commands of an installation, each started as installed."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
COMMANDS = {
    command: (module, function)
    for command, module, function in re.findall(
        r'"(tfvae-\w+)=([\w.]+):(\w+)"', (ROOT / "setup.py").read_text()
    )
}
# Commands that import TensorFlow for --help take seconds; one of them, tfvae-train, is run below.
SLOW = {"tfvae-sweep", "tfvae-evaluate", "tfvae-plot", "tfvae-export", "tfvae-prepare"}
# Replaces a package, and sends Ctrl-C when it is imported.
PRESSED = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nraise SystemExit('went on')\n"
# As much of TensorFlow as `trainers.program` needs, for Ctrl-C in later imports than tfvae.
TENSORFLOW = """
class config:
    list_physical_devices = staticmethod(list)
"""
CONFIG = """
from trainers.configs import default

def get_config():
    config = default.get_config()
    config.steps, config.evaluation.examples_in_training = 2, 0
    config.model.encoder = {"name": "DenseEncoder", "hidden": [4]}
    config.model.decoder = {"name": "DenseDecoder", "hidden": [4]}
    return config
"""

pytestmark = pytest.mark.real_process


def started(folder, command, *flags):
    """Runs the script that pip makes of a command."""
    module, function = COMMANDS[command]
    (folder / command).write_text(f"from {module} import {function}\n{function}()\n")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TF_CPP")}
    environment["PYTHONPATH"] = f"{folder}:{ROOT}"
    script = [sys.executable, str(folder / command), *flags]
    return subprocess.run(
        script, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(command, marks=[pytest.mark.slow] if command in SLOW else [])
        for command in COMMANDS
        if command != "tfvae-train"
    ],
)
def test_help_is_the_programs_own_and_all_that_is_said(command, tmp_path):
    done = started(tmp_path, command, "--help")
    assert len(done.stdout.splitlines()) > 5
    assert "--" in done.stdout
    assert done.stderr == ""


def test_train_is_quiet_and_ends_well(tmp_path):
    (tmp_path / "small.py").write_text(CONFIG)
    flags = [f"--config={tmp_path}/small.py", f"--workdir={tmp_path}/run"]
    done = started(tmp_path, "tfvae-train", *flags)
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 steps in" in done.stdout


@pytest.mark.parametrize(
    ("command", "package"),
    [
        *((f"tfvae-{name}", "tensorflow") for name in ("train", "sweep", "evaluate", "plot")),
        *(("tfvae-export", "tensorflow"), ("tfvae-prepare", "tensorflow"), ("tfvae-train", "absl")),
        *(("tfvae-server", "grpc"), ("tfvae-client", "grpc"), ("tfvae-client", "numpy")),
        *((f"tfvae-{name}", "absl") for name in ("launch", "batch", "check", "deploy")),
    ],
)
def test_ctrl_c_during_imports(command, package, tmp_path):
    if package == "absl" and command == "tfvae-train":
        (tmp_path / "tensorflow.py").write_text(TENSORFLOW)
        (tmp_path / "tfvae.py").touch()
    (tmp_path / f"{package}.py").write_text(PRESSED)
    done = started(tmp_path, command)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_ctrl_c_during_imports_of_a_program_that_has_begun(tmp_path):
    (tmp_path / "tensorflow.py").write_text(PRESSED)
    (tmp_path / "saved_model.pb").touch()
    done = started(tmp_path, "tfvae-check", str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_ctrl_c_during_imports_by_python_m(tmp_path):
    (tmp_path / "tensorflow.py").write_text(PRESSED)
    (tmp_path / "grpc.py").write_text(PRESSED)
    for module in ("trainers.train", "serving.server", "serving.client", "serving.deploy.switch"):
        done = subprocess.run(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_ctrl_c_is_left_alone_where_a_program_is_imported(tmp_path):
    (tmp_path / "tensorflow.py").write_text(PRESSED)
    code = "try:\n    import trainers.train\nexcept KeyboardInterrupt:\n    print('raised')\n"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "raised\n"
