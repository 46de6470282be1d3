"""The programs with a model that has neither encoder nor density."""

import pytest

from tests import programs

ON_AN_IMPLICIT_MODEL = """
import numpy as np
import tfvae
from tests.models.test_levels import compiled, make_generator
from trainers.configs import default
from trainers.runs import run_directory

def load(*arguments, **options):
    images = np.eye(16, dtype="float32").reshape(16, 4, 4, 1)
    return compiled(make_generator()), tfvae.data.Arrays(images), default.get_config()

run_directory.load = load
from trainers import {program}
{program}.cli()
"""
NEEDS = "needs an encoder, and Generator has none: train a model with an encoder, such as tfvae.VAE"


@pytest.fixture
def run(tmp_path):
    def run(program, *flags):
        (tmp_path / f"on_{program}.py").write_text(ON_AN_IMPLICIT_MODEL.format(program=program))
        return programs.run(f"on_{program}", f"--workdir={tmp_path}", *flags, cwd=tmp_path)

    return run


def test_what_a_generator_can_is_done(run, tmp_path):
    done = run("plot")
    assert (done.returncode, done.stdout.split()) == (0, [str(tmp_path / "samples.png")])
    done = run("evaluate")
    assert done.returncode == 0, done.stderr
    assert "discriminator_loss" in done.stdout


@pytest.mark.parametrize(
    ("program", "flag", "message"),
    [
        ("plot", "--figures=samples,traversals", f"error: --figures=traversals {NEEDS}"),
        (
            "plot",
            "--figures=curves,latent_arithmetic",
            f"error: --figures=latent_arithmetic {NEEDS}",
        ),
        ("evaluate", "--metrics=active_units", f"error: --metrics=active_units {NEEDS}"),
        ("evaluate", "--num_samples=2", f"error: --metrics=log_likelihood {NEEDS}"),
        (
            "evaluate",
            "--ais_steps=2",
            "which has no density (log_prob); a likelihood of data",
        ),
    ],
)
def test_what_needs_an_encoder_or_density_is_one_sentence(run, program, flag, message):
    done = run(program, flag)
    assert done.returncode == 1
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("flags", "what"),
    [
        (["--metrics=active_units"], "--metrics=active_units"),
        (["--num_samples=3", "--rank_by=loss"], "--num_samples=3"),
        ([], "ranking by elbo, the default of --rank_by,"),
    ],
)
def test_a_sweep_says_it_before_it_trains(tmp_path, flags, what):
    (tmp_path / "gan.py").write_text(
        "from trainers.configs import default\n"
        "def get_config():\n"
        "    config = default.get_config()\n"
        "    config.model = {'name': 'tests.models.test_levels.Generator'}\n"
        "    return config\n"
    )
    flags = ["--config=gan.py", f"--workdir={tmp_path / 'sweep'}", *flags]
    done = programs.run("trainers.sweep", *flags, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, f"error: {what} {NEEDS}\n")
