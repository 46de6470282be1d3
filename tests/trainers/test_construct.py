import numpy as np
import pytest

import tfvae
from tfvae.construction import construct
from trainers.configs import beta_vae_shapes2d, iwae_mnist, iwae_two_layers_mnist, vae_mnist
from trainers.runs.construct import (
    build_data,
    build_model,
    check_names,
    check_output_bias,
    mean_image,
)


@pytest.fixture
def config():
    config = vae_mnist.get_config()
    config.model.encoder.hidden = [4]
    config.model.decoder.hidden = [4]
    return config


@pytest.fixture
def data(images):
    return tfvae.data.Arrays(images)


def test_sizes_left_out_follow_from_data_and_heads(config, data):
    config.model.likelihood = {"name": "Normal", "scale": "per_value"}
    model = build_model(config, data)
    assert model.data_shape == (4, 4, 1)
    assert model.latent_shape == (50,)
    assert model.decoder.output_shape == (None, 4, 4, 2)
    assert model.seed == config.seed
    assert float(model.optimizer.epsilon) == pytest.approx(1e-4)


def test_seed_decides_the_initial_weights(config, data):
    def weights(seed):
        config.seed = seed
        return build_model(config, data).encoder.get_weights()[0]

    np.testing.assert_array_equal(weights(1), weights(1))
    assert (weights(1) != weights(2)).any()


def test_mappings_are_schedules(data, config):
    config.model.kl_warmup = {"name": "Cyclical", "start": 0.0, "end": 1.0, "steps": 2, "period": 9}
    rate = {"name": "ExponentialDecay", "initial_learning_rate": 0.1, "decay_steps": 9}
    config.optimizer = {"name": "SGD", "learning_rate": {**rate, "decay_rate": 0.5}}
    model = build_model(config, data)
    assert model.coefficients["kl_warmup"] == tfvae.schedules.Cyclical(0.0, 1.0, 2, 9)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.1)


def test_lists_of_mappings_are_what_the_argument_is_named_after(config, data):
    layers = iwae_two_layers_mnist.get_config()
    config.model.posterior, config.model.prior = layers.model.posterior, layers.model.prior
    config.precision = "bfloat16"
    model = build_model(config, data)
    assert model.posterior.layer_sizes == model.prior.layer_sizes == (50, 100)
    assert {network.layers[-1].compute_dtype for network in model.prior.networks} == {"bfloat16"}
    config.model.prior["networks"][0]["hiden"] = [3]
    with pytest.raises(ValueError, match=r"config.model.prior.networks\[0\].hiden is unknown; did"):
        build_model(config, data)


def test_published_stages_are_of_3_to_the_i_epochs():
    config = iwae_mnist.get_config()
    assert config.steps == 3280 * 3000
    spec = config.optimizer.to_dict()
    rate = construct(spec, "keras.optimizers", "config.optimizer")._learning_rate
    epochs = [1, 3, 9, 27, 81, 243, 729, 2187]
    first = 0
    for stage, length in enumerate(epochs):
        for step in (first, first + length * 3000 - 1):  # its first and last
            assert float(rate(step)) == pytest.approx(10 ** (-3 - stage / 7))
        first += length * 3000
    assert first == config.steps


def test_evaluation_data_differs_in_the_fields_given(tmp_path, images, config):
    np.save(tmp_path / "images.npy", np.tile(images, (2, 1, 1, 1)))
    config.data = {"name": "Arrays", "source": str(tmp_path / "images.npy"), "split": "train"}
    config.data.test_fraction = 0.25
    config.evaluation.data = {"split": "test"}
    train, test = build_data(config)
    assert (train.num_examples, test.num_examples) == (24, 8)
    config.evaluation.data = {}
    train, test = build_data(config)
    assert train is test


def test_priors_start_from_the_data(config, data):
    config.model.posterior.size = 3
    for prior in (
        {"name": "AnisotropicNormal", "size": 3, "learned": True},
        {"name": "VampPrior", "size": 3, "num_pseudo_inputs": 4},
    ):
        config.model.prior = prior
        model = build_model(config, data)
        assert type(model.prior).__name__ == prior["name"]
        assert np.isfinite(model.sample(2)).all()
    assert model.prior.pseudo_inputs.shape == (4, 4, 4, 1)
    config.model.prior = {"name": "NormalMixture", "size": 3, "means": [[0.0, 1.0, 2.0]]}
    np.testing.assert_allclose(build_model(config, data).prior().mean(), [0.0, 1.0, 2.0])


def test_output_bias_from_data_needs_logits(config, data):
    check_output_bias(build_model(config, data))
    config.model.likelihood = {"name": "Normal"}
    with pytest.raises(ValueError, match=r"True; VAE with likelihood Normal has no logits to"):
        check_output_bias(build_model(config, data))


def test_mean_image(data, images):
    np.testing.assert_allclose(mean_image(data), images.mean(0), atol=1e-6)


@pytest.mark.parametrize(
    ("path", "name", "message"),
    [
        ("model", "BetaVEA", r"config.model.name is 'BetaVEA'; did you mean 'BetaVAE'\?"),
        ("data", "Shapes2d", r"config.data.name is 'Shapes2d'; did you mean 'Shapes2D'\?"),
        ("optimizer", "Adamm", r"config.optimizer.name is 'Adamm'; did you mean 'Adam'\?"),
        ("data", "xyzzy", r"config.data.name is 'xyzzy'; valid: Arrays, Cap"),
    ],
)
def test_unknown_names_come_with_the_nearest(path, name, message):
    config = beta_vae_shapes2d.get_config()
    check_names(config)
    config[path].name = name
    with pytest.raises(ValueError, match=message):
        check_names(config)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bta": 3.0}, r"config.model.bta is unknown; did you mean 'beta'\?.*kl_warmup"),
        ({"encoder": {"name": "DenseEncoder", "hiden": [3]}}, r"model.encoder.hiden is unknown"),
        ({"encoder": {"name": "DenceEncoder"}}, r"config.model.encoder.name is 'DenceEncoder'"),
        ({"encoder": {"hidden": [3]}}, r"config.model.encoder has no name"),
        ({"posterior": {"name": "DiagonalNormal"}}, r"config.model.posterior.size is missing; Dia"),
        ({"beta": {"name": "Liner"}}, r"model.beta.name is 'Liner'; did you mean 'Linear'\?"),
        ({"critic": {"name": "Discriminator"}}, r"critic is unknown; BetaVAE takes .*decoder \(tf"),
        ({"beta": {"name": "Linear", "start": 0.0}}, r"config.model.beta.end is missing"),
        ({"prior": {"name": "StandardNormal", "size": 3}}, r"posterior is over latents of shape"),
    ],
)
def test_wrong_fields_of_the_model_are_named(config, data, change, message):
    config.model.name = "BetaVAE"
    config.model.unlock()
    for key, value in change.items():
        config.model[key] = value
    with pytest.raises(ValueError, match=message):
        build_model(config, data)


def test_missing_parts_of_the_model_are_named(config, data):
    del config.model.posterior
    with pytest.raises(ValueError, match=r"config.model.posterior is missing; give its name"):
        build_model(config, data)


def test_arguments_of_keras_optimizers_reach_their_base_class():
    spec = {"name": "Adam", "clipnorm": 2.0, "amsgrad": True}
    optimizer = construct(spec, "keras.optimizers", "config.optimizer")
    assert (optimizer.clipnorm, optimizer.amsgrad) == (2.0, True)
    with pytest.raises(ValueError, match=r"config.optimizer.clipnrm is unknown; did you mean 'cl"):
        construct({"name": "Adam", "clipnrm": 2.0}, "keras.optimizers", "config.optimizer")


def test_mappings_within_data_are_data():
    spec = {"name": "FixedFactors", "data": {"name": "Shapes2D"}, "fixed": {"shape": 2, "scale": 5}}
    data = construct(spec, "tfvae.data", "config.data")
    assert data.factor_names == ("orientation", "position_x", "position_y")
