"""Error messages at the prompt."""

import numpy as np
import pytest

from tests import programs

CONFIG = "--config=trainers/configs/beta_vae_shapes2d.py"
GRID = ["--config=beta_vae_shapes2d", "--grid=seed=0,1"]
MISTAKES = {
    "train": [
        (
            [CONFIG, "--config.model.bta=2"],
            "error: --config has no field 'bta'; Did you mean \"beta\"",
        ),
        ([CONFIG, "--config.data.xyzzy=2"], "error: --config has no field 'xyzzy'; a flag changes"),
        (
            [CONFIG, "--config.model.name=BetaVEA"],
            "error: config.model.name is 'BetaVEA'; did you mean 'BetaVAE'?",
        ),
        ([CONFIG, "--batchsize=3"], "Unknown command line flag 'batchsize'"),
        (["--config=nothing.py"], "nothing.py"),
        ([CONFIG, "workdir"], "unexpected argument 'workdir'"),
    ],
    "evaluate": [
        ([], "error: workdir nowhere holds no config.json; train into it first"),
        (["--num_samples=-1"], "error: --num_samples is -1; it must be 0 or more"),
        (
            ["--num_samples=0", "--metrics=log_likelihood"],
            "error: --num_samples is 0; it must be at least 1 for --metrics=log_likelihood",
        ),
        (["--votes=-5"], "error: --votes is -5; it must be at least 1"),
        (
            ["--ais_chains=0"],
            "error: --ais_chains is 0; it must be at least 1",
        ),
        (["--metrics=factor_vea"], "error: --metrics has 'factor_vea'; did you mean 'factor_vae'?"),
    ],
    "plot": [
        (
            ["--figures=samples,traversal"],
            "error: --figures has 'traversal'; did you mean 'traversals'?",
        ),
    ],
    "sweep": [
        ([], "error: give either --sweep=FILE, or --config=CONFIG and --grid=FIELD=VALUE,VALUE"),
        (
            ["--config=beta_vae_shapes2d", "--grid=seed=0", "--figures=curves"],
            "error: --figures has 'curves', which need a number of more than one value",
        ),
        ([*GRID, "--figures=trade"], "error: --figures has 'trade'; did you mean 'tradeoff'?"),
        (
            [*GRID, "--metrics=factor_vea"],
            "error: --metrics has 'factor_vea'; did you mean 'factor_vae'?",
        ),
        (
            ["--config=vae_mnist", "--metrics=factor_vae"],
            "error: --metrics has factor_vae, which needs data with known factors; MNIST has none",
        ),
        ([*GRID, "--processes=0"], "error: --processes is 0; it must be at least 1"),
        (
            ["--config=beta_vae_shapes2d", "--grid=model.bta=1"],
            "has no field 'model.bta'; did you mean 'model.beta'?",
        ),
        (
            [*GRID, "--grid=model.beta"],
            "error: --grid is 'model.beta'; it must be FIELD=VALUE or FIELD=VALUE,VALUE",
        ),
    ],
}


@pytest.mark.parametrize(
    ("program", "arguments", "message"),
    [
        pytest.param(program, arguments, message, id=f"{program}-{message}")
        for program, mistakes in MISTAKES.items()
        for arguments, message in mistakes
    ],
)
def test_mistakes_are_answered_by_name_and_exit_1(program, arguments, message):
    done = programs.run(f"trainers.{program}", "--workdir=nowhere", *arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (programs.ROOT / "nowhere").exists()


def test_a_mistake_met_in_a_graph_is_one_sentence_too(tmp_path, images):
    np.save(tmp_path / "images.npy", images)
    (tmp_path / "angles.py").write_text(
        """
from tensorflow_probability import distributions as tfd
from tfvae.distributions.distribution_layer import PosteriorHead
from trainers.configs import default

class Angles(PosteriorHead):
    size = params_size = 2

    def distribution(self, params):
        return tfd.Independent(tfd.VonMises(params, 1.0), 1)

def get_config():
    config = default.get_config()
    config.model.encoder = {"name": "DenseEncoder", "hidden": [4]}
    config.model.decoder = {"name": "DenseDecoder", "hidden": [4]}
    config.model.posterior = {"name": "angles.Angles"}
    config.model.prior.size = 2
    config.data = {"name": "Arrays", "source": "images.npy"}
    config.batch_size = 4
    return config
"""
    )
    flags = ["--config=angles.py", f"--workdir={tmp_path / 'run'}"]
    done = programs.run("trainers.train", *flags, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: VonMises (a VonMises) cannot be sampled from seeds")
    assert len(done.stderr.splitlines()) == 1
