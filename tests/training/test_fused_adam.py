"""Adam in one operation, against Keras's."""

import keras
import numpy as np
import pytest

import tfvae

SETTINGS = {
    "plain": {},
    "clipped, decayed, averaged": {
        "global_clipnorm": 1.0,
        "weight_decay": 0.1,
        "use_ema": True,
        "epsilon": 1e-4,
    },
    "schedule": {"learning_rate": keras.optimizers.schedules.ExponentialDecay(1e-2, 5, 0.5)},
    "amsgrad, not fused": {"amsgrad": True},
}


class KerasAdam(keras.optimizers.Adam):
    """A subclass, which stays Keras's own."""


def trained(tiny_model, images, optimizer, **kwargs):
    model = tiny_model(**kwargs)
    model.compile(optimizer, seed=0)
    model.fit(images, batch_size=8, epochs=10, shuffle=False, verbose=0)
    return [v.numpy() for v in (*model.variables, *model.optimizer.variables)]


@pytest.mark.parametrize("name", SETTINGS)
def test_fused_steps_are_those_of_keras(name, tiny_model, images):
    arguments = {"learning_rate": 1e-2, **SETTINGS[name]}
    ours, theirs = (
        trained(tiny_model, images, adam(**arguments))
        for adam in (keras.optimizers.Adam, KerasAdam)
    )
    for left, right in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-3, atol=1e-5)


def test_only_adam_itself_is_fused(tiny_model):
    def fused(optimizer):
        model = tiny_model(cls=tfvae.VAE)
        model.compile(optimizer)
        graph_step = vars(model.optimizer).get("update_step")
        return graph_step is not None

    assert fused(keras.optimizers.Adam())
    assert not fused(keras.optimizers.Adam(amsgrad=True))
    assert not fused(KerasAdam())
    assert not fused(keras.optimizers.AdamW())
