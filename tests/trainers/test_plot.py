import numpy as np
from PIL import Image

from tests import programs
from tfvae.training.run import train
from trainers.configs import default
from trainers.runs import run_directory
from trainers.runs.construct import build_data, build_model

# The default number of annealing steps is for figures to publish.
PLOT_QUICKLY = """
import functools
from tfvae import evaluation
evaluation.rate_distortion = functools.partial(evaluation.rate_distortion, num_steps=20)
from trainers import plot
plot.cli()
"""
FIGURES = {
    "aggregate_posterior": "aggregate_posterior.png",
    "curves": "curves.png",
    "interpolations": "interpolations.png",
    "latent_arithmetic": "latent_arithmetic.png",
    "rate_distortion": "rate_distortion.png",
    "reconstructions": "reconstructions.png",
    "traversals": "traversals.png",
    "traversals_gif": "traversals.gif",
}


def test_figures_of_a_run(tmp_path, images):
    x = np.kron(images[..., 0], np.full([7, 7], 255)).astype(np.uint8)
    y = np.arange(16) % 4
    np.savez(tmp_path / "mnist.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    config = default.get_config()
    config.model.encoder = {"name": "DenseEncoder", "hidden": [4]}
    config.model.decoder = {"name": "DenseDecoder", "hidden": [4]}
    config.model.posterior.size = config.model.prior.size = 2
    config.data = {"name": "MNIST", "path": str(tmp_path)}
    run = run_directory.claim(tmp_path / "run", config)
    data, _ = build_data(config)
    train(build_model(config, data), data, run, steps=2, batch_size=8, log_every=1)
    (tmp_path / "plot_quickly.py").write_text(PLOT_QUICKLY)
    flags = [f"--workdir={run}", "--columns=kl", "--figures=" + ",".join(FIGURES)]
    flags += [f"--beside={run}", "--direction=2", "--versus=1"]
    done = programs.run("plot_quickly", *flags, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    names = list(FIGURES.values())
    assert done.stdout.split() == [str(run / name) for name in names]
    for name in names:
        with Image.open(run / name) as picture:
            assert len(picture.convert("L").getcolors()) > 5  # something is drawn
    with Image.open(run / "traversals.gif") as moving:
        assert moving.n_frames > 1
    with Image.open(run / "reconstructions.png") as beside:
        assert beside.height > 3 * 64  # the run's, another's, and the originals
    with Image.open(run / "latent_arithmetic.png") as arithmetic:
        assert 4 * 64 < arithmetic.width < 6.5 * 64  # the four 1s, and the labels at the left
