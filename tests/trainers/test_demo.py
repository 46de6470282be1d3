import csv
import json
import pathlib
import subprocess
import sys

import pytest
from PIL import Image

ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.slow
def test_demo_goes_from_training_to_answers_over_grpc_and_again(tmp_path):
    command = [sys.executable, "-m", "examples.demo", f"--workdir={tmp_path}"]
    command += ["--train_flags=--config.steps=20,--config.log_every=10"]
    command += ["--evaluate_flags=--metrics=factor_vae,--votes=20,--num_samples=2"]
    for run in (1, 2):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert (
            "mean absolute difference between original and decode(encode(original))" in done.stdout
        )
        assert (tmp_path / f"saved_models/beta_vae_shapes2d/{run}/saved_model.pb").exists()
    results = json.loads((tmp_path / "results.json").read_text())
    assert {"elbo", "reconstruction", "kl", "factor_vae_score", "log_likelihood"} <= set(results)
    assert results["elbo"] == pytest.approx(results["reconstruction"] - results["kl"], rel=1e-5)
    with (tmp_path / "metrics.csv").open() as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["10", "20"]
    assert list(tmp_path.glob("events.out.tfevents.*"))
    for name in ("reconstructions", "traversals", "samples", "served"):
        picture = Image.open(tmp_path / f"{name}.png").convert("L")
        assert len(picture.getcolors()) >= 5  # something is drawn
