import logging

import keras
import numpy as np
import pytest

import tfvae
from trainers.configs import default
from trainers.runs.construct import build_model

GENERATOR = np.random.default_rng(0)
ONE_HOT = np.eye(4, dtype=np.float32)[np.arange(20) % 4]
SMALL = {"encoder": {"hidden": [8]}, "decoder": {"hidden": [8]}}
# name: data, likelihood and encoder that suit them
KINDS = {
    "images of 16 x 32": (GENERATOR.random([20, 16, 32, 3]), "Bernoulli", "ConvEncoder"),
    "images of 10 x 7": (GENERATOR.random([20, 10, 7, 1]) > 0.5, "Bernoulli", "DenseEncoder"),
    "a table of z-scores": (GENERATOR.normal(size=[20, 5]), "Normal", "DenseEncoder"),
    "binary vectors": (GENERATOR.integers(0, 2, [20, 6]), "Bernoulli", "DenseEncoder"),
    "categories": (ONE_HOT, "OneHotCategorical", "DenseEncoder"),
    "time series": (GENERATOR.normal(size=[20, 9, 2]), "Normal", "DenseEncoder"),
    "volumes": (GENERATOR.random([20, 4, 4, 4, 1]), "Bernoulli", "DenseEncoder"),
    "a data set": (tfvae.data.Pinwheel(), "Normal", "DenseEncoder"),
}
PAIR = {"image": GENERATOR.random([20, 16, 16, 1]).astype(np.float32), "digit": ONE_HOT}


def weights(model):
    return np.concatenate([np.ravel(weight) for weight in model.get_weights()])


def one_step(model, x):
    model.compile(keras.optimizers.Adam(1e-3), seed=0)
    before = weights(model)
    history = model.fit(x, batch_size=4, epochs=1, steps_per_epoch=1, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert not np.array_equal(weights(model), before)


@pytest.mark.parametrize("kind", KINDS)
def test_networks_and_likelihood_suit_the_data(kind):
    data, likelihood, encoder = KINDS[kind]
    hidden = {"hidden": 8 if encoder == "ConvEncoder" else [8]}
    parts = {"encoder": hidden, "decoder": hidden}
    model = tfvae.BetaVAE.for_data(data, latents=3, beta=2.0, **parts)
    assert type(model.likelihood).__name__ == likelihood
    assert type(model.encoder).__name__ == encoder
    assert (model.beta, model.latent_shape) == (2.0, (3,))
    x = data.points[:4] if kind == "a data set" else np.asarray(data[:4], np.float32)
    assert model.data_shape == x.shape[1:]
    assert np.isfinite(model.elbo(x)).all()
    one_step(model, x)


@pytest.mark.parametrize("cls", [tfvae.JMVAE, tfvae.MVAE, tfvae.SemiSupervisedVAE])
def test_dictionaries_are_modalities(cls):
    model = cls.for_data(PAIR, latents=3)
    assert model.data_shape == {"image": (16, 16, 1), "digit": (4,)}
    is_label = cls is tfvae.SemiSupervisedVAE
    assert isinstance(model.modalities["digit"], tfvae.Label if is_label else tfvae.Modality)
    assert model.encode({"digit": ONE_HOT[:2]}).batch_shape == [2]
    one_step(model, {name: values[:4] for name, values in PAIR.items()})


def test_it_is_the_model_of_the_config_weight_by_weight():
    data = tfvae.data.Arrays((255 * PAIR["image"][..., 0]).astype(np.uint8))
    config = default.get_config()
    config.seed = 7
    config.model.unlock()
    config.model.name = "FactorVAE"
    config.model.discriminator = {"name": "Discriminator", "hidden": [8]}
    theirs = build_model(config, data)
    state = np.random.get_state()[1].copy()
    discriminator = {"name": "Discriminator", "hidden": [8]}
    for _ in range(2):
        ours = tfvae.FactorVAE.for_data(data, seed=7, discriminator=discriminator)
        np.testing.assert_array_equal(weights(ours), weights(theirs))
    assert np.array_equal(np.random.get_state()[1], state)
    other = tfvae.FactorVAE.for_data(data, discriminator=discriminator)
    assert not np.array_equal(weights(other), weights(theirs))


def test_parts_are_objects_classes_names_or_arguments():
    encoder = tfvae.networks.DenseEncoder(6 + 3, hidden=(8,))
    model = tfvae.IWAE.for_data(
        KINDS["binary vectors"][0],
        latents=3,
        encoder=encoder,
        decoder={"name": "DenseDecoder", "hidden": [8]},
        posterior=tfvae.heads.FullCovarianceNormal,
        likelihood="ContinuousBernoulli",
        prior={"name": "VampPrior", "num_pseudo_inputs": 5},
        kl_warmup={"name": "Linear", "start": 0.0, "end": 1.0, "steps": 9},
        num_samples=2,
        dtype="mixed_bfloat16",
    )
    assert model.encoder is encoder
    assert model.decoder.layers[0].compute_dtype == "bfloat16"
    assert isinstance(model.posterior, tfvae.heads.FullCovarianceNormal)
    assert model.prior.pseudo_inputs.shape == (5, 6)
    assert float(model.prior.pseudo_inputs.numpy().max()) == 1.0  # they start from the data
    assert model.get_config()["kl_warmup"]["config"] == {"start": 0.0, "end": 1.0, "steps": 9}
    posterior = tfvae.heads.DiagonalNormal(4)
    model = tfvae.VAE.for_data(KINDS["categories"][0], posterior=posterior, **SMALL)
    assert model.latent_shape == (4,)


def test_what_is_chosen_is_logged_in_one_line(caplog):
    with caplog.at_level(logging.INFO, logger="tfvae"):
        tfvae.VAE.for_data(KINDS["categories"][0], **SMALL)
    (line,) = caplog.messages
    assert line == (
        "VAE.for_data: data of shape (4,): posterior=DiagonalNormal, encoder=DenseEncoder, "
        "decoder=DenseDecoder, likelihood=OneHotCategorical"
    )


TABLE = KINDS["a table of z-scores"][0]


@pytest.mark.parametrize(
    ("cls", "data", "arguments", "message"),
    [
        (tfvae.BetaVAE, TABLE, {"bta": 3.0}, r"^bta is unknown; did you mean 'beta'\?"),
        (tfvae.VAE, TABLE, {"likelihood": "Bernouli"}, r"^likelihood.name is 'Bernouli'; did you"),
        (tfvae.VAE, TABLE, {"encoder": {"hiden": [3]}}, r"^encoder.hiden is unknown; did you mean"),
        (
            tfvae.VAE,
            TABLE,
            {"posterior": tfvae.heads.DiagonalNormal(4), "latents": 3},
            "^latents is 3; posterior is of size 4: leave one of them out",
        ),
        (tfvae.VAE, PAIR, {}, r"^data has the modalities image, digit; VAE has one modality"),
        (tfvae.JMVAE, TABLE, {}, r"^modalities are missing; data has one modality only: give"),
        (tfvae.MVAE, PAIR, {"modalities": {"word": {}}}, r"^modalities are word, image, digit; da"),
        (tfvae.VAE, TABLE[:, 0], {}, r"^data is a ndarray of .* shape \[20\]; give a tfvae.data"),
        (tfvae.VAE, TABLE * np.nan, {}, "^data has NaN or infinite values"),
        (
            tfvae.VAE,
            np.full([3, 4], 65_535, np.uint16),
            {},
            r"^data has whole numbers from 65535 to 65535 \(uint16\). Scale .* as x / 65535;",
        ),
        (
            tfvae.VAE,
            TABLE,
            {"prior": {"name": "VampPrior", "num_pseudo_inputs": 30}},
            "^num_pseudo_inputs is 30; the initial data has only 20 examples",
        ),
    ],
)
def test_mistakes_are_named(cls, data, arguments, message):
    with pytest.raises(ValueError, match=message):
        cls.for_data(data, **arguments)
