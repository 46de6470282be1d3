import keras
import numpy as np
import pytest
import tensorflow as tf

import tfvae
from tfvae.training import jit
from tfvae.training.raw_input import raw_input


def state_of(model):
    return [np.asarray(v) for v in [*model.variables, *model.optimizer.variables]]


class Uncompilable(tfvae.VAE):
    """Calls Python in its step, which XLA cannot compile."""

    def objective(self, x, seeds, training):
        same = tf.ensure_shape(tf.py_function(lambda y: y, [x], tf.float32), x.shape)
        return super().objective(same, seeds, training)


def test_measuring_leaves_the_model_as_it_was(tiny_model, images):
    model = tiny_model(tfvae.FactorVAE)
    model.compile(keras.optimizers.Adam(0.1), steps_per_execution=3, seed=0)
    before = state_of(model)
    timing = jit.measure(model, tfvae.data.Arrays(images), batch_size=8)
    assert timing.off > 0
    assert timing.on > 0
    for value, old in zip(state_of(model), before, strict=True):
        np.testing.assert_array_equal(value, old)
    assert (model.jit_compile, model.steps_per_execution) == (False, 3)
    assert all(float(mean.result()) == 0 for mean in model.metrics)


@pytest.mark.slow
def test_a_measured_model_trains_as_one_that_was_not(tiny_model, images):
    data = tfvae.data.Arrays(np.uint8(255 * images))

    def trained(measured):
        model = tiny_model()
        model.compile(keras.optimizers.Adam(0.1), seed=0)
        if measured:
            jit.measure(model, data, batch_size=8)
        model.jit_compile, model.steps_per_execution = True, 4
        model.fit(raw_input(data, 8, seed=0, steps=4), steps_per_epoch=4, verbose=0)
        return state_of(model)

    for value, expected in zip(trained(True), trained(False), strict=True):
        np.testing.assert_array_equal(value, expected)


def test_a_step_that_xla_cannot_compile_says_why(tiny_model, images):
    model = tiny_model(Uncompilable)
    model.compile("sgd")
    timing = jit.measure(model, tfvae.data.Arrays(images), batch_size=8)
    assert timing.on is None
    assert "EagerPyFunc" in timing.reason
    assert not timing.faster


@pytest.mark.parametrize(("off", "on", "faster"), [(2.0, 1.0, True), (1.04, 1.0, False)])
def test_a_gain_too_small_to_be_sure_of_is_none(off, on, faster):
    assert jit.Timing(off, on).faster == faster
