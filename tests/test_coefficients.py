import keras
import numpy as np
import pytest
import tensorflow as tf

import tfvae
from tfvae.schedules import Linear


def loss_at(history, beta):
    """The loss minus that of a BetaVAE with these betas, one epoch for each."""
    terms = (np.array(history.history[name]) for name in ("loss", "reconstruction", "kl"))
    loss, reconstruction, kl = terms
    return loss, np.array(beta) * kl - reconstruction


def fitted(model, images, **kwargs):
    return model.fit(images, batch_size=8, shuffle=False, verbose=0, **kwargs)


def compiled(tiny_model, **kwargs):
    model = tiny_model(tfvae.BetaVAE, **kwargs)
    model.compile(keras.optimizers.SGD(0.01))
    return model


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_number_set_between_fits_and_by_a_callback_reaches_the_compiled_step(
    tiny_model, images, jit_compile
):
    model = tiny_model(tfvae.BetaVAE, beta=2.0)
    model.compile(keras.optimizers.SGD(0.01), jit_compile=jit_compile)
    np.testing.assert_allclose(*loss_at(fitted(model, images), 2.0), rtol=1e-5)
    function = model.train_function
    model.beta = 8
    np.testing.assert_allclose(*loss_at(fitted(model, images), 8.0), rtol=1e-5)

    class Raise(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.beta = 2.0 * self.model.beta

    history = fitted(model, images, epochs=3, callbacks=[Raise()])
    np.testing.assert_allclose(*loss_at(history, [16.0, 32.0, 64.0]), rtol=1e-5)
    assert model.train_function is function  # not compiled again
    assert model.get_config()["beta"] == 64.0


def test_number_becomes_a_schedule_and_a_variable_within_a_fit(tiny_model, images):
    variable = tf.Variable(5.0)
    settings = [3.0, Linear(7.0, 7.0, 1), variable]

    class Change(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.beta = settings[epoch]

    model = compiled(tiny_model)
    history = fitted(model, images, epochs=3, callbacks=[Change()])
    np.testing.assert_allclose(*loss_at(history, [3.0, 7.0, 5.0]), rtol=1e-5)
    variable.assign(6.0)
    np.testing.assert_allclose(*loss_at(fitted(model, images), 6.0), rtol=1e-5)


@pytest.mark.parametrize("make", [keras.Variable, tf.Variable])
def test_a_variable_is_read_never_trained_and_no_weight(tiny_model, images, tmp_path, make):
    beta, number = make(2.0), compiled(tiny_model, beta=2.0)
    model = compiled(tiny_model, beta=beta)
    fitted(model, images), fitted(number, images)
    assert float(beta) == 2.0
    assert len(model.variables) == len(number.variables)
    for weight, expected in zip(model.get_weights(), number.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, expected)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert float(loaded.beta) == loaded.get_config()["beta"] == 2.0
    np.testing.assert_array_equal(loaded.elbo(images), model.elbo(images))


def test_exports_have_no_coefficient(tiny_model, tmp_path):
    def stored(model):
        path = tfvae.export(model, tmp_path / model.name)
        variables = tf.train.list_variables(str(path / "variables" / "variables"))
        return sorted(shape for name, shape in variables)

    assert stored(tiny_model(tfvae.BetaVAE, name="beta")) == stored(tiny_model(name="plain"))


def test_wrong_settings_are_named(tiny_model):
    with pytest.raises(TypeError, match="beta is 'high'; it must be a number, a schedule"):
        tiny_model(tfvae.BetaVAE, beta="high")
    model = tiny_model(tfvae.CIWAE, num_samples=2)
    with pytest.raises(ValueError, match="beta is 3; it must be from 0 to 1"):
        model.beta = 3
    assert float(model.beta) == 0.5
