"""The deployment files, as far as they can be tested without a cluster."""

import json
import os
import pathlib
import re
import shlex
import subprocess

import pytest
import yaml

from tests import programs

ROOT = pathlib.Path(__file__).parents[2]
SLURM = ROOT / "deploy/training/slurm.sbatch"
# Parses the flags, including the config file, as the program does.
PROGRAM = """
import json
from trainers import train
def shown():
    config = train.CONFIG.value
    print(json.dumps([train.STRATEGY.value, train.CLUSTER.value, config.batch_size, config.steps]))
train.program.run(shown)
"""


@pytest.fixture(scope="module")
def documents():
    text = (ROOT / "deploy/training/kubernetes.yaml").read_text()
    return {document["kind"]: document for document in yaml.safe_load_all(text)}


@pytest.fixture
def parsed(tmp_path):
    """Returns the config and flags as trainers.train parses them."""
    (tmp_path / "shown.py").write_text(PROGRAM)

    def parse(flags):
        done = programs.run("shown", *flags, env={**os.environ, "PYTHONPATH": str(tmp_path)})
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return parse


def test_kubernetes_workers_find_each_other_and_start_again(documents, parsed):
    service, job = documents["Service"], documents["Job"]
    assert (service["apiVersion"], job["apiVersion"]) == ("v1", "batch/v1")
    name, spec = job["metadata"]["name"], job["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    environment = {entry["name"]: entry["value"] for entry in container["env"]}
    assert spec["completionMode"] == "Indexed"
    assert str(spec["completions"]) == str(spec["parallelism"]) == environment["TFVAE_WORKERS"]
    # A pod's name in DNS is JOB-INDEX.SERVICE.
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["selector"] == {"job-name": name}
    assert service["spec"]["publishNotReadyAddresses"] is True
    assert pod["subdomain"] == service["metadata"]["name"]
    port = service["spec"]["ports"][0]["port"]
    address = environment["TFVAE_WORKER_ADDRESS"]
    assert address == f"{name}-{{index}}.{pod['subdomain']}:{port}"
    assert container["ports"] == [{"containerPort": port}]
    # The policy on exit codes needs pods that do not restart themselves.
    assert pod["restartPolicy"] == "Never"
    failing = [r["onExitCodes"]["values"] for r in spec["podFailurePolicy"]["rules"][1:]]
    assert failing == [[1]]
    (workdir,) = (flag for flag in container["args"] if flag.startswith("--workdir="))
    mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
    assert any(workdir.removeprefix("--workdir=").startswith(f"{mount}/") for mount in mounts)
    assert {mount["name"] for mount in container["volumeMounts"]} == {
        volume["name"] for volume in pod["volumes"]
    }
    assert container["command"] == ["python", "-m", "trainers.train"]
    assert parsed(container["args"])[:2] == ["multi_worker", "kubernetes"]


def test_slurm_script_is_bash_and_starts_a_worker_on_each_machine(parsed):
    subprocess.run(["bash", "-n", SLURM], check=True)
    text = SLURM.read_text()
    options = dict(re.findall(r"^#SBATCH --([\w-]+)(?:=(.*))?$", text, re.MULTILINE))
    assert {"nodes", "gpus-per-node", "time", "requeue"} <= options.keys()
    assert options["ntasks-per-node"] == "1"
    assert options["signal"].startswith("TERM@")  # to the tasks, not to the shell
    (command,) = re.findall(r"^srun ((?:.*\\\n)*.*)", text, re.MULTILINE)
    words = shlex.split(command.replace("\\\n", " "))
    assert words[1:4] == ["python", "-m", "trainers.train"]
    assert parsed(words[4:])[:2] == ["multi_worker", "slurm"]
