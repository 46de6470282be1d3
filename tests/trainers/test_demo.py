import csv
import json
import pathlib
import subprocess
import sys

import pytest
from PIL import Image

from serving.client import Client
from tests import programs
from tests.serving.serving_helpers import Server

ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.real_process
def test_demo_goes_from_training_to_answers_over_grpc(tmp_path):
    command = [sys.executable, "-m", "examples.demo", f"--workdir={tmp_path}"]
    command += ["--train_flags=--config.steps=20,--config.log_every=10"]
    command += ["--evaluate_flags=--metrics=factor_vae,--votes=20,--num_samples=2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mean absolute difference between original and decode(encode(original))" in done.stdout
    base_path = tmp_path / "saved_models/beta_vae_shapes2d"
    assert (base_path / "1/saved_model.pb").exists()
    results = json.loads((tmp_path / "results.json").read_text())
    assert {"elbo", "reconstruction", "kl", "factor_vae_score", "log_likelihood"} <= set(results)
    assert results["elbo"] == pytest.approx(results["reconstruction"] - results["kl"], rel=1e-5)
    with (tmp_path / "metrics.csv").open() as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["10", "20"]
    assert list(tmp_path.glob("events.out.tfevents.*"))
    for name in ("reconstructions", "traversals", "samples", "served"):
        picture = Image.open(tmp_path / f"{name}.png").convert("L")
        assert len(picture.getcolors()) >= 5  # something is drawn

    # A second run exports a second version, which is then served.
    done = programs.run(
        "trainers.export", f"--workdir={tmp_path}", f"--model_base_path={base_path}"
    )
    assert done.returncode == 0, done.stderr
    server = Server(f"--model_base_path={base_path}", "--port=0")
    with Client(server.address, model="m") as client:
        assert client.wait_ready() == 2
    assert server.stop()[0] == 0
