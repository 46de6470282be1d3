import pathlib
import subprocess
import sys

import numpy as np
from PIL import Image

from tfvae.training.run import train
from trainers import runs
from trainers.configs import default
from trainers.construct import build_data, build_model

ROOT = pathlib.Path(__file__).parents[2]


def test_figures_of_a_run(tmp_path, images):
    np.save(tmp_path / "images.npy", images)
    config = default.get_config()
    config.model.encoder = {"name": "DenseEncoder", "hidden": [4]}
    config.model.decoder = {"name": "DenseDecoder", "hidden": [4]}
    config.model.posterior.size = config.model.prior.size = 2
    config.data = {"name": "Arrays", "source": str(tmp_path / "images.npy")}
    run = runs.claim(tmp_path / "run", config)
    data, _ = build_data(config)
    train(build_model(config, data), data, run, steps=2, batch_size=8, log_every=1)
    command = [sys.executable, "-m", "trainers.plot", f"--workdir={run}", "--columns=kl"]
    command += ["--figures=aggregate_posterior,curves,traversals,traversals_gif"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    names = ["aggregate_posterior.png", "curves.png", "traversals.png", "traversals.gif"]
    assert done.stdout.split() == [str(run / name) for name in names]
    for name in names:
        with Image.open(run / name) as picture:
            assert len(picture.convert("L").getcolors()) > 5  # something is drawn
    with Image.open(run / "traversals.gif") as moving:
        assert moving.n_frames > 1
