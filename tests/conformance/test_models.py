import functools
import importlib
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfvae
from tests.conformance.registry import (
    LATENTS,
    MODELS,
    SHAPE,
    Bars,
    build,
    every_model,
    trained,
    weights,
)
from tests.conformance.registry_multimodal import LABELLED, MULTIMODAL
from tfvae import noise
from tfvae.training.checkpoints import Checkpoints
from tfvae.training.trainable_model import TrainableModel
from trainers.runs import construct

IMAGES = Bars().array
# What takes long: one model each of one player, of two, and of several samples; the others slow.
few_models = functools.partial(every_model, fast=["VAE", "FactorVAE", "IWAE"])


@every_model
def test_shapes_and_finite_gradients(make):
    model = make()
    q, p = model.encode(IMAGES[:5]), model.decode(tf.zeros([5, LATENTS]))
    assert (tuple(q.batch_shape), tuple(q.event_shape)) == ((5,), (LATENTS,))
    assert (tuple(p.batch_shape), tuple(p.event_shape)) == ((5,), SHAPE)
    assert model.sample(4, seed=0).shape == (4, *SHAPE)
    assert model(IMAGES[:5]).shape == (5, *SHAPE)
    with tf.GradientTape() as tape:
        terms = model.objective(IMAGES[:5], noise.seed_rows(0, 5), training=True)
        loss = tf.reduce_mean(terms["loss"])
    assert all(terms[name].shape == (5,) for name in ("loss", "elbo", "reconstruction", "kl"))
    for gradient in tape.gradient(loss, model.trainable_variables):
        assert np.isfinite(gradient).all()


@every_model
def test_loss_falls(make):
    model = trained(make(), 1)
    before = model.evaluate(IMAGES, batch_size=32, verbose=0, return_dict=True)
    after = trained(model, 150, start=1).evaluate(
        IMAGES, batch_size=32, verbose=0, return_dict=True
    )
    assert after["elbo"] > before["elbo"] + 5


@few_models
def test_keras_file_round_trip_goes_on_training_the_same(make, tmp_path):
    model = trained(make(), 5)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.array_equal(loaded.elbo(IMAGES[:4]), model.elbo(IMAGES[:4]))
    assert int(loaded.step) == 5
    assert np.array_equal(weights(trained(loaded, 5, start=5)), weights(trained(model, 5, start=5)))


@every_model
def test_resumed_equals_uninterrupted(make, tmp_path):
    whole = trained(make(), 10)
    half = trained(make(), 5)
    Checkpoints(half, tmp_path).save()
    resumed = make()
    resumed.compile(keras.optimizers.Adam(3e-3), seed=0)
    assert Checkpoints(resumed, tmp_path).restore() == 5
    trained(resumed, 5, start=5)
    assert np.array_equal(weights(resumed), weights(whole))
    for left, right in zip(resumed.optimizer.variables, whole.optimizer.variables, strict=True):
        assert np.array_equal(left, right)


@few_models
def test_export_serves_through_the_c_api(make, tmp_path):
    path = tfvae.export(trained(make(), 2), tmp_path / "model")  # runs every signature there
    assert path == tmp_path / "model" / "1"
    assert [child.name for child in path.parent.iterdir()] == ["1"]


def test_bfloat16_networks_export(tmp_path):
    model = build(tfvae.VAE, dtype="mixed_bfloat16")
    assert tfvae.export(model, tmp_path / "model").name == "1"


@every_model
@pytest.mark.parametrize("batch_size", [pytest.param(32, marks=pytest.mark.slow), 33])
def test_two_replicas_equal_one_device(make, batch_size, mirrored):
    def sgd():
        return keras.optimizers.SGD(1e-3, global_clipnorm=5.0)

    one = trained(make(), 20, batch_size=batch_size, optimizer=sgd())
    with mirrored.scope():
        two = make()
        two.compile(sgd(), seed=0)
    history = two.fit(Bars().batches(batch_size, 0), steps_per_epoch=20, verbose=0).history
    assert np.max(np.abs(weights(two) - weights(one))) < 1e-5
    # The means are over all rows of both replicas.
    assert history["elbo"][0] == pytest.approx(one.history.history["elbo"][0], rel=1e-5)


@every_model
def test_bfloat16_networks_train_and_distributions_stay_float32(make):
    model = make(dtype="mixed_bfloat16")
    assert model.encode(IMAGES[:2]).dtype == model.decode(tf.zeros([2, LATENTS])).dtype
    assert model.encode(IMAGES[:2]).dtype == tf.float32
    before = np.mean(model.elbo(IMAGES))
    assert np.mean(trained(model, 150).elbo(IMAGES)) > before + 5


@few_models
def test_seeds_reproduce(make):
    first, again, other = (weights(trained(make(), 3, seed=seed)) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)
    assert np.array_equal(make().sample(3, seed=5), make().sample(3, seed=5))


@every_model
def test_order_of_a_batch_does_not_matter(make):
    model, seeds = make(), noise.seed_rows(0, 16)
    order = np.random.default_rng(0).permutation(16)
    elbo = model.elbo(IMAGES[:16], seeds).numpy()
    np.testing.assert_allclose(
        model.elbo(IMAGES[order], tf.gather(seeds, order)), elbo[order], rtol=1e-5
    )


CONFIGS = sorted(
    path.stem
    for path in pathlib.Path(construct.__file__).parent.glob("configs/*.py")
    if path.stem not in ("__init__", "default")
)


SHAPES_OF_MODALITIES = {"image": (16, 16, 1), "caption": (5,)}


@pytest.mark.parametrize("name", CONFIGS)
def test_every_config_builds_its_model(name):
    config = importlib.import_module(f"trainers.configs.{name}").get_config()
    construct.check_names(config)
    data = Bars()
    data.image_shape = (16, 16, 1)  # the published networks at the least size they take
    x = np.zeros((2, 16, 16, 1), np.float32)
    if "modalities" in config.model:
        data.shapes = {m: SHAPES_OF_MODALITIES.get(m, (10,)) for m in config.model.modalities}
        x = {m: np.zeros((2, *shape), np.float32) for m, shape in data.shapes.items()}
    model = construct.build_model(config, data)
    assert type(model).__name__ == config.model.name
    assert np.isfinite(model.elbo(x)).all()


def test_every_model_is_registered_and_has_a_config():
    registered = [*MODELS.values(), *MULTIMODAL.values(), *LABELLED.values()]
    models = {
        name
        for module in (tfvae.models, tfvae.multimodal)
        for name in module.__all__
        if issubclass(getattr(module, name), TrainableModel)
    }
    assert models - {"MultimodalVAE"} == {cls.__name__ for cls, _, _ in registered}
    assert {config for _, _, config in registered} <= set(CONFIGS)
