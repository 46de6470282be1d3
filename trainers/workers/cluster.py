"""The workers of a training job, read from the environment: TF_CONFIG, Slurm or Kubernetes."""

import json
import os
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tfvae.arguments import require_at_least

KINDS = ("auto", "tf_config", "slurm", "kubernetes")
PORT = 8888  # of a machine's first worker; the others take the next ones
_EXAMPLE = (
    '{"cluster": {"worker": ["host0:2222", "host1:2222"]}, "task": {"type": "worker", "index": 0}}'
)


def resolver(kind: str = "auto") -> tf.distribute.cluster_resolver.ClusterResolver:
    """Returns the cluster resolver for `tf.distribute.MultiWorkerMirroredStrategy`.

    Args:
        kind: one of `KINDS`; "auto" takes the first that the environment has variables of.

    Raises:
        ValueError: if the environment lacks a variable or has an invalid one, naming it.
    """
    readers = {"tf_config": _tf_config, "slurm": _slurm, "kubernetes": _kubernetes}
    spec, task_type, index = readers[_detected() if kind == "auto" else kind]()
    return tf.distribute.cluster_resolver.SimpleClusterResolver(
        spec,
        task_type=task_type,
        task_id=index,
        rpc_layer="grpc",
        # Without it the strategy does not use GPUs.
        num_accelerators={"GPU": len(tf.config.list_physical_devices("GPU"))},
    )


Task = tuple[tf.train.ClusterSpec, str, int]  # all tasks, then the type and index of this one


def _detected() -> str:
    for kind, variable in (
        ("tf_config", "TF_CONFIG"),
        ("slurm", "SLURM_STEP_NODELIST"),
        ("kubernetes", "JOB_COMPLETION_INDEX"),
    ):
        if variable in os.environ:
            return kind
    raise ValueError(
        "--strategy=multi_worker finds no TF_CONFIG, no Slurm step and no indexed Kubernetes job "
        "in the environment; start the workers by `python -m trainers.launch`, srun or a job, or "
        f"set TF_CONFIG, such as {_EXAMPLE}"
    )


def _tf_config() -> Task:
    text = _variable("TF_CONFIG", "tf_config")
    try:
        config = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"TF_CONFIG is not JSON ({error}): {text!r}; an example: {_EXAMPLE}"
        ) from (error)
    jobs, task = _part(config, "cluster"), _part(config, "task")
    for job, addresses in jobs.items():
        if job not in ("chief", "worker"):
            raise ValueError(f"TF_CONFIG has a job {job!r}; only chief and worker train here")
        if not isinstance(addresses, list) or not all(_is_address(a) for a in addresses):
            raise ValueError(
                f"TF_CONFIG has {job} {addresses!r}; it must be a list of host:port, such as "
                '["host0:2222", "host1:2222"]'
            )
    kind, index = str(task.get("type")), task.get("index")
    if kind not in jobs:
        raise ValueError(f"TF_CONFIG has task type {kind!r}; it must be one of {sorted(jobs)}")
    if not isinstance(index, int) or not 0 <= index < len(jobs[kind]):
        raise ValueError(
            f"TF_CONFIG has task index {index!r}; it must be from 0 to {len(jobs[kind]) - 1}, the "
            f"number of this {kind}"
        )
    return tf.train.ClusterSpec(jobs), kind, index


def _part(config: Any, name: str) -> Mapping[str, Any]:
    part = config.get(name) if isinstance(config, dict) else None
    if not (isinstance(part, dict) and part):
        raise ValueError(f"TF_CONFIG has no {name!r}: {json.dumps(config)}; an example: {_EXAMPLE}")
    return part


def _is_address(address: Any) -> bool:
    return isinstance(address, str) and address.rpartition(":")[2].isdigit()


def _slurm() -> Task:
    """The tasks of a Slurm step, each on its own port.

    TensorFlow's resolver reads the step's variables. It sorts the nodes by name, which is not
    Slurm's order (node2 before node10), so each task finds its index by its own address.
    """
    tasks = _number("SLURM_STEP_NUM_TASKS", "slurm")
    nodes = tf.distribute.cluster_resolver.SlurmClusterResolver(
        port_base=PORT,
        # Slurm itself assigns the GPUs (--gpus-per-task).
        gpus_per_node=tasks,
        gpus_per_task=1,
        auto_set_gpu=False,
    )
    spec = nodes.cluster_spec()
    own = f"{_variable('SLURMD_NODENAME', 'slurm')}:{PORT + _number('SLURM_LOCALID', 'slurm')}"
    addresses = spec.job_tasks("worker")
    if own not in addresses:
        raise ValueError(f"this task is {own}, which is not one of the Slurm step's {addresses}")
    return spec, "worker", addresses.index(own)


def _kubernetes() -> Task:
    """The pods of an indexed Job behind a headless service.

    Their names are known in advance, so no permission to list pods is needed, unlike for
    TensorFlow's resolver.
    """
    index = _number("JOB_COMPLETION_INDEX", "kubernetes")
    workers = _number("TFVAE_WORKERS", "kubernetes")
    address = _variable("TFVAE_WORKER_ADDRESS", "kubernetes")
    require_at_least(1, TFVAE_WORKERS=workers)
    if "{index}" not in address or not _is_address(address):
        raise ValueError(
            f"TFVAE_WORKER_ADDRESS is {address!r}; it must contain {{index}} and a port, such as "
            "tfvae-{index}.tfvae:2222"
        )
    if not 0 <= index < workers:
        raise ValueError(
            f"JOB_COMPLETION_INDEX is {index}; TFVAE_WORKERS is {workers}, and must be the job's "
            "completions"
        )
    addresses = [address.format(index=number) for number in range(workers)]
    return tf.train.ClusterSpec({"worker": addresses}), "worker", index


def _variable(name: str, kind: str) -> str:
    if name not in os.environ:
        raise ValueError(f"--cluster={kind} needs {name}, which is not in the environment")
    return os.environ[name]


def _number(name: str, kind: str) -> int:
    value = _variable(name, kind)
    if not value.isdigit():
        raise ValueError(f"{name} is {value!r}; it must be a number")
    return int(value)
