"""Models of several modalities at the prompt."""

import json

import numpy as np
import pytest

from tests import programs

SMALL = """
from trainers.configs import jmvae_labelled_mnist

def get_config():
    config = jmvae_labelled_mnist.get_config()
    config.steps, config.log_every, config.batch_size = 4, 2, 8
    for modality in config.model.modalities.values():
        modality.encoder.hidden = modality.decoder.hidden = [8]
    for encoder in config.model.joint_encoder.encoders.values():
        encoder.outputs, encoder.hidden = 8, [8]
    config.model.joint_encoder.hidden = [8]
    config.model.posterior.size = config.model.prior.size = 3
    config.data = {
        "name": "Modalities",
        "readers": {
            "image": {"name": "Arrays", "source": "images.npy"},
            "digit": {"name": "Labels", "classes": "classes.npy", "num_classes": 10},
        },
        "missing": {"digit": 0.25},
    }
    config.evaluation.data = {}
    return config
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    path = tmp_path_factory.mktemp("modalities")
    random = np.random.default_rng(0)
    np.save(path / "images.npy", random.integers(0, 256, (40, 8, 8)).astype(np.uint8))
    np.save(path / "classes.npy", random.integers(0, 10, 40))
    (path / "small.py").write_text(SMALL)
    return path


def run(directory, program, *flags, status=0):
    finished = programs.run(f"trainers.{program}", "--workdir=run", *flags, cwd=directory)
    assert finished.returncode == status, finished.stderr
    return finished.stdout + finished.stderr


@pytest.mark.slow
def test_train_evaluate_and_what_is_refused(directory):
    assert "JMVAE" in run(directory, "train", "--config=small.py")
    run(directory, "evaluate", "--num_samples=3")
    results = json.loads((directory / "run/results.json").read_text())
    assert {"log_likelihood", "reconstruction_digit", "reconstruction_image"} <= set(results)
    refused = run(directory, "evaluate", "--metrics=active_units", status=1)
    assert "take only log_likelihood" in refused
    assert "several modalities, digit, image" in run(
        directory, "plot", "--figures=samples", status=1
    )


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("model.name=VAE", "config.model.alpha is unknown"),
        ("model.modalities.digit.likelihood.name=Bernouli", "did you mean 'Bernoulli'"),
        ("data.missing.sound=0.5", "sound"),
    ],
)
def test_wrong_fields_end_before_training(directory, field, message):
    output = run(directory, "train", "--config=small.py", f"--config.{field}", status=1)
    assert message in output
