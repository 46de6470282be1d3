"""What `.keras` files and copies keep: frozen layers, the step, models without an optimizer."""

import copy

import keras
import numpy as np
import pytest

import tfvae
from tfvae.training.checkpoints import Checkpoints


@pytest.mark.parametrize("cls", [tfvae.VAE, tfvae.FactorVAE])
@pytest.mark.parametrize("when", ["before compile", "after compile"])
@pytest.mark.parametrize("whole", [True, False])
def test_frozen_layers_stay_frozen_and_the_step_continues(
    tiny_model, images, tmp_path, cls, when, whole
):
    model = tiny_model(cls)
    frozen = model.encoder if whole else model.encoder.layers[-1]
    frozen.trainable = when == "after compile"
    model.compile()
    model.fit(images, batch_size=4, epochs=2, verbose=0)
    frozen.trainable = False
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert int(loaded.step) == 8
    assert len(loaded.trainable_variables) == len(model.trainable_variables)
    before = loaded.encoder.layers[-1].get_weights()[0]
    loaded.fit(images, batch_size=4, verbose=0)
    assert int(loaded.step) == 12
    np.testing.assert_array_equal(loaded.encoder.layers[-1].get_weights()[0], before)
    assert (loaded.decoder.get_weights()[0] != model.decoder.get_weights()[0]).any()


@pytest.mark.parametrize("cls", [tfvae.VAE, tfvae.FactorVAE])
def test_models_that_are_not_compiled_are_saved_and_copied(tiny_model, images, tmp_path, cls):
    model = tiny_model(cls)
    model.encoder.trainable = False
    model.save(tmp_path / "model.keras")
    compiled = copy.deepcopy(model)
    compiled.compile()
    compiled.save(tmp_path / "compiled.keras")
    for one in (
        keras.models.load_model(tmp_path / "model.keras"),
        keras.models.load_model(tmp_path / "compiled.keras", compile=False),
        copy.deepcopy(model),
    ):
        np.testing.assert_array_equal(one.elbo(images), model.elbo(images))
        assert not one.encoder.trainable
        one.save(tmp_path / "again.keras")
        for use in (one.fit, one.evaluate, lambda x, one=one: Checkpoints(one, tmp_path)):
            with pytest.raises(ValueError, match=r"is not compiled, .* compile first, such as by"):
                use(images)
        one.compile()
        one.fit(images, verbose=0)
