import json

import pytest

from trainers.workers import cluster

WORKERS = {"worker": ["a:1", "b:2"]}
SLURM = {
    "SLURM_PROCID": "1",  # of node[2,10], Slurm's first two
    "SLURM_LOCALID": "0",
    "SLURM_STEP_NUM_TASKS": "2",
    "SLURM_STEP_NODELIST": "node[2,10]",
    "SLURM_STEP_TASKS_PER_NODE": "1(x2)",
    "SLURMD_NODENAME": "node10",
}
KUBERNETES = {
    "JOB_COMPLETION_INDEX": "1",
    "TFVAE_WORKERS": "2",
    "TFVAE_WORKER_ADDRESS": "vae-{index}.vae:2222",
}


def tf_config(**parts):
    config = {"cluster": WORKERS, "task": {"type": "worker", "index": 1}, **parts}
    return {"TF_CONFIG": json.dumps(config)}


@pytest.fixture
def environment(monkeypatch):
    for name in ("TF_CONFIG", *SLURM, *KUBERNETES):
        monkeypatch.delenv(name, raising=False)

    def set_all(variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_all


@pytest.mark.parametrize(
    ("variables", "kind", "addresses", "own"),
    [
        (tf_config(), "tf_config", ["a:1", "b:2"], "b:2"),
        (SLURM, "slurm", ["node10:8888", "node2:8888"], "node10:8888"),
        (
            {
                **SLURM,
                "SLURM_STEP_NUM_TASKS": "3",
                "SLURM_STEP_TASKS_PER_NODE": "1,2",
                "SLURM_LOCALID": "1",
            },
            "slurm",
            ["node10:8888", "node10:8889", "node2:8888"],
            "node10:8889",
        ),
        (KUBERNETES, "kubernetes", ["vae-0.vae:2222", "vae-1.vae:2222"], "vae-1.vae:2222"),
    ],
)
@pytest.mark.parametrize("detect", [True, False])
def test_workers_are_those_of_the_environment(environment, variables, kind, addresses, own, detect):
    environment(variables)
    found = cluster.resolver("auto" if detect else kind)
    assert found.cluster_spec().as_dict() == {"worker": addresses}
    assert found.task_type == "worker"
    assert addresses[found.task_id] == own


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({}, "finds no TF_CONFIG, no Slurm step and no indexed Kubernetes job"),
        ({"TF_CONFIG": "{cluster"}, r"TF_CONFIG is not JSON \(.*an example: {"),
        ({"TF_CONFIG": "[]"}, "TF_CONFIG has no 'cluster'"),
        (tf_config(task={}), "TF_CONFIG has no 'task'"),
        (tf_config(cluster={"worker": "a:1"}), "worker 'a:1'; it must be a list of host:port"),
        (tf_config(cluster={"worker": ["a"]}), r"worker \['a'\]; it must be a list of host:port"),
        (tf_config(cluster={"ps": ["a:1"]}), "has a job 'ps'; only chief and worker"),
        (tf_config(task={"type": "chief"}), r"task type 'chief'; it must be one of \['worker'\]"),
        (tf_config(task={"type": "worker", "index": 2}), "index 2; it must be from 0 to 1"),
        (tf_config(task={"type": "worker", "index": "0"}), "index '0'; it must be from 0 to 1"),
        ({**SLURM, "SLURMD_NODENAME": "node3"}, "this task is node3:8888, which is not one of"),
        ({**SLURM, "SLURM_STEP_NUM_TASKS": "two"}, "SLURM_STEP_NUM_TASKS is 'two'; it must be a"),
        ({"JOB_COMPLETION_INDEX": "0"}, "--cluster=kubernetes needs TFVAE_WORKERS"),
        ({**KUBERNETES, "JOB_COMPLETION_INDEX": "2"}, "JOB_COMPLETION_INDEX is 2; TFVAE_WORKERS"),
        ({**KUBERNETES, "TFVAE_WORKER_ADDRESS": "vae:1"}, "'vae:1'; it must contain {index} and"),
    ],
)
def test_what_the_environment_lacks_is_named(environment, variables, message):
    environment(variables)
    with pytest.raises(ValueError, match=message):
        cluster.resolver()
