"""The client as its own distribution, without TensorFlow and beside it."""

import shutil
import subprocess
import tomllib
import venv

import pytest

import tfvae
from tests import programs
from tests.serving.serving_helpers import ROOT

CLIENT = ROOT / "serving" / "client"
PROGRAM = """
import sys
import numpy as np
from tfvae_client import Client
with Client(sys.argv[1], model="m") as client:
    images = np.random.default_rng(0).uniform(size=(3, 4, 4, 1)).astype(np.float32)
    mean, _ = client.encode(images)
    weights = np.arange(32.0).reshape(16, 2) / 32
    np.testing.assert_allclose(mean, images.reshape(3, 16) @ weights, rtol=1e-5)
    np.testing.assert_array_equal(client.decode(mean), client.reconstruct(images))
    latent, sampled = client.sample(3, seed=5)
    assert latent.tolist() == [[5, 0], [5, 1], [5, 2]]
    np.testing.assert_allclose(sampled, client.decode(latent))
"""


def test_version_is_that_of_the_package():
    project = tomllib.loads((CLIENT / "pyproject.toml").read_text())["project"]
    assert project["version"] == tfvae.__version__
    assert [item.split(">")[0] for item in project["dependencies"]] == [
        "numpy",
        "grpcio",
        "protobuf",
    ]


def test_both_names_and_tensorflows_messages_in_one_process(server, tmp_path):
    shutil.copytree(CLIENT, tmp_path / "tfvae_client")
    imports = "import serving.client, tensorflow, tensorflow_serving.apis.predict_pb2\n"
    (tmp_path / "both.py").write_text(imports + PROGRAM)
    assert programs.run("both", server.address, cwd=tmp_path).returncode == 0


@pytest.mark.slow
@pytest.mark.real_process
def test_wheel_in_an_environment_of_its_own(server, tmp_path):
    shutil.copytree(CLIENT, tmp_path / "source")
    venv.create(tmp_path / "venv", with_pip=True)
    bin_folder = tmp_path / "venv" / "bin"

    def run(*command):
        result = subprocess.run(
            [bin_folder / command[0], *command[1:]],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    run("pip", "wheel", "--quiet", "--no-deps", "--wheel-dir=wheels", "./source")
    (wheel,) = (tmp_path / "wheels").iterdir()
    run("pip", "install", "--quiet", str(wheel))
    installed = {line.split("==")[0] for line in run("pip", "freeze").splitlines()}
    # grpcio has typing_extensions with it.
    assert {name.partition(" @")[0] for name in installed} - {"typing_extensions"} == {
        "grpcio",
        "numpy",
        "protobuf",
        "tfvae-client",
    }
    run("python", "-c", PROGRAM, server.address)
    flags = (f"--address={server.address}", "--model=m")
    assert '"AVAILABLE"' in run("tfvae-client", "status", *flags)
    assert '"latent": [[5.0, 0.0]]' in run(
        "python", "-m", "tfvae_client", "sample", *flags, "--seed=5"
    )
