"""Every registered model on four replicas and on two workers, against one device.

Two replicas are in test_models. The processes train the models that were selected, such as by
`pytest tests/conformance/test_many_devices.py -k "BetaVAE and workers"`.
"""

import functools
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.conformance import many_devices
from trainers import launch

ROOT = pathlib.Path(__file__).parents[2]
SECONDS_OF_A_MODEL = 240


@pytest.fixture(scope="module", params=["4 replicas", "2 workers"])
def on_many(request, tmp_path_factory):
    """Weights of the selected models by name, from the last worker."""
    directory = tmp_path_factory.mktemp("many")
    items = [item for item in request.session.items if item.module is request.module]
    names = list(dict.fromkeys(item.callspec.params["name"] for item in items))
    number, kind = request.param.split()
    tasks = launch.tf_configs(int(number)) if kind == "workers" else [None]
    processes = []
    for index, task in enumerate(tasks):
        environment = {**os.environ, "TF_CONFIG": task} if task else {**os.environ}
        command = [sys.executable, "-m", many_devices.__name__, directory / f"{index}.npz"]
        processes.append(
            subprocess.Popen(
                [*map(str, command), number, *names],
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    try:
        outputs = [p.communicate(timeout=SECONDS_OF_A_MODEL * len(names))[0] for p in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0] * len(processes), outputs
    return np.load(directory / f"{len(tasks) - 1}.npz")


@functools.cache  # for both kinds of many
def on_one(name):
    return many_devices.steps(name, tf.distribute.get_strategy())


@pytest.mark.slow
@pytest.mark.parametrize("name", many_devices.ALL_MODELS)
def test_many_replicas_and_workers_equal_one_device(name, on_many):
    assert np.max(np.abs(on_many[name] - on_one(name))) < 1e-5
