import keras
import numpy as np
import pytest

import tfvae
from tfvae.training import averaging
from tfvae.training.checkpoints import Checkpoints
from tfvae.training.run import train


@pytest.fixture
def data(images):
    return tfvae.data.Arrays(images)


def compiled(tiny_model, cls=tfvae.VAE, **kwargs):
    """Models with the same initial weights."""
    keras.utils.set_random_seed(1)
    model = tiny_model(cls)
    model.compile(keras.optimizers.Adam(1e-2, use_ema=True, ema_momentum=0.6), seed=3, **kwargs)
    return model


def weights_of(model):
    return [weight.numpy() for weight in model.encoder.weights]


def assert_equal(left, right):
    for a, b in zip(left, right, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_model_has_the_averages_except_while_it_takes_steps(tiny_model, images):
    model, seen = compiled(tiny_model), []
    record = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(weights_of(model))
    )
    fit = {"batch_size": 4, "shuffle": False, "verbose": 0}
    model.fit(images, callbacks=[record], validation_data=(images,), **fit)
    average, *others = seen
    for weights in others:
        average = [0.6 * a + 0.4 * w for a, w in zip(average, weights, strict=True)]
    for weight, expected in zip(weights_of(model), average, strict=True):
        np.testing.assert_allclose(weight, expected, rtol=1e-5, atol=1e-7)
    # Validation used the averages, and training continued from the training weights.
    history = model.history.history
    expected = model.evaluate(images, batch_size=4, verbose=0, return_dict=True)
    assert history["val_loss"] == [pytest.approx(expected["loss"], rel=1e-6)]
    model.fit(images, callbacks=[record], **fit)
    whole = compiled(tiny_model)
    whole.fit(np.tile(images, (2, 1, 1, 1)), **fit)
    assert_equal(weights_of(whole), weights_of(model))


def test_resumed_run_has_the_averages_of_an_uninterrupted_one(tiny_model, data, tmp_path):
    whole, first, second = (compiled(tiny_model) for _ in range(3))
    train(whole, data, tmp_path / "whole", 12, batch_size=4)
    train(first, data, tmp_path / "parts", 7, batch_size=4)
    Checkpoints(first, tmp_path / "parts" / "checkpoints").save()  # after training, the same state
    assert train(second, data, tmp_path / "parts", 12, batch_size=4) == 7
    assert_equal(weights_of(second), weights_of(whole))
    assert_equal(*([v.numpy() for v in m.optimizer.variables] for m in (second, whole)))


@pytest.mark.slow
def test_keras_file_goes_on_with_weights_and_averages(tiny_model, data, tmp_path):
    model = compiled(tiny_model, tfvae.FactorVAE)  # with two players
    model.fit(data.batches(4, 3), steps_per_epoch=7, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert_equal(weights_of(loaded), weights_of(model))
    for either in (loaded, model):
        either.fit(data.batches(4, 3, start_step=7), steps_per_epoch=5, verbose=0)
    assert_equal(weights_of(loaded), weights_of(model))


def test_a_restored_model_takes_its_averages_by_use(tiny_model, data, tmp_path):
    model, restored = compiled(tiny_model), compiled(tiny_model)
    train(model, data, tmp_path, 5, batch_size=4)
    Checkpoints(restored, tmp_path / "checkpoints").restore()
    raw = weights_of(restored)
    averaging.use(restored, averaged=True)
    assert_equal(weights_of(restored), weights_of(model))
    assert any((a != b).any() for a, b in zip(raw, weights_of(model), strict=True))


def test_accumulation_of_the_optimizer_itself_is_refused(tiny_model):
    optimizer = keras.optimizers.SGD(gradient_accumulation_steps=4)
    with pytest.raises(ValueError, match=r"gradient_accumulation_steps 4; .* compile with accum"):
        tiny_model().compile(optimizer)
