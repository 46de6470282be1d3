import json

import numpy as np
import pytest

import tfvae
from storage import atomic
from tfvae.training.run import train
from trainers.configs import vae_mnist
from trainers.runs import run_directory
from trainers.runs.construct import build_data, build_model


@pytest.fixture
def config(tmp_path, images):
    np.save(tmp_path / "images.npy", images)
    config = vae_mnist.get_config()
    config.data = {"name": "Arrays", "source": str(tmp_path / "images.npy")}
    config.evaluation.data = {}
    config.model.encoder.hidden = [4]
    config.model.decoder.hidden = [4]
    return config


@pytest.fixture
def started(config, tmp_path):
    """The directory of a run that has saved a checkpoint."""
    directory = run_directory.claim(tmp_path / "run", config)
    (directory / "checkpoints").mkdir()
    (directory / "checkpoints" / "ckpt-3.index").touch()
    return directory


def test_directory_belongs_to_its_config(config, started):
    directory = started
    assert run_directory.claim(directory, config) == directory
    before = (directory / "config.json").read_text()
    config.model.num_samples = 3
    config.optimizer.learning_rate = 0.5
    message = (
        r"(?s)belongs to another config:\n  model.num_samples: 1 there, 3 requested\n"
        r"  optimizer.learning_rate: 0.001 there, 0.5 requested\nGive another --workdir"
    )
    with pytest.raises(run_directory.RunError, match=message):
        run_directory.claim(directory, config)
    assert (directory / "config.json").read_text() == before


def test_fields_that_change_no_step_may_change(config, started):
    config.steps = 7
    config.evaluation.examples = 5
    run_directory.claim(started, config)
    assert run_directory.load_config(started).steps == 7


def test_mistake_met_before_the_first_checkpoint_may_be_mended(config, tmp_path):
    config.batch_size = 0
    directory = run_directory.claim(tmp_path / "run", config)
    config.batch_size = 4
    run_directory.claim(directory, config)
    assert run_directory.load_config(directory).batch_size == 4


def test_older_names_and_orders_of_fields_are_the_same_fields(config, started):
    config.model.name, config.model.alpha = "JMVAE", 0.5
    ladder = {"name": "LadderEncoder", "sizes": [1, 2], "hidden": [[3], [4]]}
    config.model.encoder = ladder
    older = json.loads(config.to_json())
    older["model"]["a"] = older["model"].pop("alpha")
    older["model"]["encoder"] = {**ladder, "outputs": [4, 2], "hidden": [[4], [3]]}
    del older["model"]["encoder"]["sizes"]
    (started / "config.json").write_text(json.dumps(older))
    assert run_directory.load_config(started).model == config.model
    run_directory.claim(started, config)


def test_field_that_is_new_is_a_difference(config, started):
    config.model.unlock()
    config.model.kl_warmup = 0.5
    with pytest.raises(
        run_directory.RunError, match=r"model.kl_warmup: 'nothing' there, 0.5 requested"
    ):
        run_directory.claim(started, config)


def test_directory_that_cannot_be_made_is_named(config, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(run_directory.RunError, match=r"workdir .*file/run cannot be written"):
        run_directory.claim(tmp_path / "file" / "run", config)


def test_trained_model_is_loaded_back(config, tmp_path, images):
    directory = run_directory.claim(tmp_path / "run", config)
    with pytest.raises(run_directory.RunError, match="holds no checkpoint; train into it first"):
        run_directory.load(directory)
    data, _ = build_data(config)
    model = build_model(config, data)
    train(model, data, directory, steps=3, batch_size=4)
    loaded, evaluation_data, loaded_config = run_directory.load(directory)
    for one in (loaded, tfvae.load_run(directory)):
        np.testing.assert_array_equal(one.elbo(images), model.elbo(images))
        assert int(one.step) == 3
    assert evaluation_data.num_examples == 16
    assert json.loads(loaded_config.to_json()) == json.loads(config.to_json())


def test_loaded_model_has_averaged_weights_and_the_precision_given(config, tmp_path, images):
    config.weight_averaging = 0.5
    directory = run_directory.claim(tmp_path / "run", config)
    data, _ = build_data(config)
    model = build_model(config, data)
    train(model, data, directory, steps=3, batch_size=4)
    loaded = tfvae.load_run(directory, precision="bfloat16")
    assert loaded.encoder.layers[-1].compute_dtype == "bfloat16"
    assert model.averages_in_use and loaded.averages_in_use
    for ours, theirs in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(ValueError, match=r"config.precision is 'half'; .*valid: bfloat16"):
        tfvae.load_run(directory, precision="half")


def test_directory_without_a_run_is_named(tmp_path):
    for load in (run_directory.load, tfvae.load_run):
        with pytest.raises(run_directory.RunError, match=r"holds no config.json; train into it"):
            load(tmp_path)
    assert run_directory.read_results(tmp_path, 3) == {}


def test_results_are_of_one_step(tmp_path):
    atomic.write_json(tmp_path / run_directory.RESULTS_FILE, {"step": 3, "factor_vae_score": 0.5})
    assert run_directory.read_results(tmp_path, 3)["factor_vae_score"] == 0.5
    assert run_directory.read_results(tmp_path, 6) == {}


def test_config_of_another_version_is_named_with_what_it_lacks(config, started):
    stored = json.loads((started / "config.json").read_text())
    del stored["precision"]
    (started / "config.json").write_text(json.dumps(stored))
    with pytest.raises(
        run_directory.RunError, match=r"config\.json lacks precision: another version"
    ):
        run_directory.load_config(started)
