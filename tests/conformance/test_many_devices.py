"""Registered models on two workers and on four replicas, against one device.

Two replicas are among the promises. The processes train the models that were selected, such as by
`pytest tests/conformance/test_many_devices.py -k "BetaVAE and workers"`.
"""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from tests.conformance import entries, many_devices
from trainers import launch

ROOT = pathlib.Path(__file__).parents[2]
SECONDS_OF_A_MODEL = 240


def _trained(request, directory, number, tasks):
    """Returns weights by name of the models that the selected tests of a fixture need.

    Args:
        request: the fixture's request.
        directory: an empty one.
        number: replicas in all.
        tasks: TF_CONFIG of each process, or None for one process without.
    """
    items = [item for item in request.session.items if item.module is request.module]
    items = [item for item in items if request.fixturename in item.fixturenames]
    names = [item.callspec.params["name"] for item in items]
    processes = []
    for index, task in enumerate(tasks):
        environment = {**os.environ, "TF_CONFIG": task} if task else {**os.environ}
        command = [sys.executable, "-m", many_devices.__name__, directory / f"{index}.npz"]
        processes.append(
            subprocess.Popen(
                [*map(str, command), str(number), *names],
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
    return np.load(directory / f"{len(tasks) - 1}.npz")  # of the last worker


@pytest.fixture(scope="module")
def on_two_workers(request, tmp_path_factory):
    return _trained(request, tmp_path_factory.mktemp("workers"), 2, launch.tf_configs(2))


@pytest.fixture(scope="module")
def on_four_replicas(request, tmp_path_factory):
    return _trained(request, tmp_path_factory.mktemp("replicas"), 4, [None])


# Rows are combined with those of other replicas in `tfvae.global_batch` only, which depends on the
# number of replicas alone. Two replicas and two workers prove for each entry that it is used. More
# parts could only change their order, so one model for each kind of combination suffices:
# a mean of each row's own terms (VAE, IWAE, JMVAE with missing values, SemiSupervisedVAE with
# missing labels, MMVAE with several samples and DReG), permuted columns and two players
# (FactorVAE), gathered posteriors and their number (BetaTCVAE, MSS), gathered moments (DIPVAE II),
# gathered samples (InfoVAE) and batch normalisation (ladder). A new entry is tested unless it is
# added here, beside the one that represents it.
STANDS_FOR = {
    "VAE": ["VAE, 4 samples", "VAE, full covariance", "BetaVAE"],
    "IWAE": ["MIWAE, dreg", "CIWAE, stl", "PIWAE", "IWAE, two layers"],
    "FactorVAE": ["AdversarialAutoencoder"],
    "BetaTCVAE, MSS": ["BetaTCVAE, MWS", "DecompositionVAE, KL"],
    "DIPVAE II": ["DIPVAE I", "AnnealedVAE"],
    "InfoVAE": ["DecompositionVAE, MMD"],
    "JMVAE": ["TELBO", "MVAE"],
    "MMVAE": ["MoPoEVAE"],
}


COVERED = [name for names in STANDS_FOR.values() for name in names]


def require_those_of_one_device(weights, name):
    assert np.max(np.abs(weights[name] - many_devices.on_one(entries.ALL[name]).weights)) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("name", entries.ALL)
def test_two_workers_equal_one_device(name, on_two_workers):
    require_those_of_one_device(on_two_workers, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in entries.ALL if name not in COVERED])
def test_four_replicas_equal_one_device(name, on_four_replicas):
    require_those_of_one_device(on_four_replicas, name)
