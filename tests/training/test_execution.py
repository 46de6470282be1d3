"""Executions as XLA programs: their steps are those of the loop, however many make one."""

import logging

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfvae
from tfvae.training import run
from tfvae.training.checks import NonFiniteLossError
from tfvae.training.raw_input import raw_input

STEPS = 12


class Alternating(tfvae.FactorVAE):
    """The VAE and its discriminator move in turn."""

    def players(self):
        first, second = super().players()
        return [first._replace(cycle=2, moves=(0,)), second._replace(cycle=2, moves=(1,))]


def discriminator():
    return tfvae.networks.Discriminator((8,))


def adam(**kwargs):
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-2, 5, 0.5)
    return keras.optimizers.Adam(schedule, global_clipnorm=1.0, **kwargs)


# name: (class, arguments of the model, of the optimizer, of `compile`)
CASES = {
    "schedules": (tfvae.BetaVAE, {"beta": tfvae.schedules.Linear(0.0, 4.0, 8)}, {}, {}),
    "players in turn": (Alternating, {"discriminator": discriminator}, {}, {}),
    "parts and averages": (tfvae.VAE, {}, {"use_ema": True}, {"accumulation": 2}),
}


def compiled(tiny_model, name, **kwargs):
    cls, settings, optimizer, options = CASES[name]
    settings = {k: v() if v is discriminator else v for k, v in settings.items()}
    model = tiny_model(cls, **settings)
    model.compile(adam(**optimizer), seed=3, **options, **kwargs)
    return model


def state_of(model):
    variables = [*model.variables, *(v for p in model.players() for v in p.optimizer.variables)]
    return np.concatenate([np.ravel(np.array(v)) for v in variables])


@pytest.fixture
def data(images):
    return tfvae.data.Arrays(np.uint8(255 * images))


FIRST, *OTHERS = CASES


@pytest.mark.parametrize(
    "name", [FIRST, *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)]
)
def test_program_takes_the_steps_of_the_loop_whatever_their_number(name, tiny_model, data):
    states = []
    for steps in (4, 6):
        model = compiled(tiny_model, name, jit_compile=True, steps_per_execution=steps)
        history = model.fit(
            raw_input(data, 8, seed=3, steps=steps), steps_per_epoch=STEPS, verbose=0
        ).history
        states.append((state_of(model), history))
    (four, means), (six, others) = states
    assert np.array_equal(four, six)
    assert means == others
    loop = compiled(tiny_model, name)
    expected = loop.fit(data.batches(8, seed=3), steps_per_epoch=STEPS, verbose=0).history
    np.testing.assert_allclose(four, state_of(loop), atol=1e-5)
    assert int(loop.step) == STEPS
    for term, values in means.items():
        np.testing.assert_allclose(values, expected[term], rtol=1e-4)


def test_a_term_that_breaks_ends_the_program_at_its_step(tiny_model, data):
    rates = keras.optimizers.schedules.PiecewiseConstantDecay([4], [1e-3, 1e30])
    messages = []
    for jit in (False, True):
        model = tiny_model()
        model.compile(keras.optimizers.SGD(rates), seed=3, jit_compile=jit, steps_per_execution=12)
        given = raw_input(data, 8, seed=3, steps=12) if jit else data.batches(8, seed=3)
        with pytest.raises(NonFiniteLossError) as raised:
            model.fit(given, steps_per_epoch=12, verbose=0)
        messages.append(str(raised.value))
    assert messages[0] == messages[1]
    assert "at step 6: loss, elbo" in messages[0]


@pytest.mark.slow
def test_batches_of_a_user_become_programs_if_they_can(tiny_model, images, data, caplog):
    caplog.set_level(logging.INFO, "tfvae")
    states = []
    for given in (
        raw_input(data, 8, seed=3, steps=4),
        data.batches(8, seed=3),
        tf.data.Dataset.from_tensor_slices(images).batch(5).repeat(),  # the last one is smaller
    ):
        model = compiled(tiny_model, "schedules", jit_compile=True, steps_per_execution=4)
        model.fit(given, steps_per_epoch=STEPS, verbose=0)
        states.append(state_of(model))
        assert int(model.step) == STEPS
    assert [record.getMessage() for record in caplog.records] == [
        "XLA runs 4 steps of `fit` as one program"
    ]
    assert np.array_equal(states[0], states[1])


def test_a_run_of_programs_resumes_bit_for_bit(tiny_model, data, tmp_path):
    def runs(directory, *lasts):
        for last in lasts:
            model = compiled(tiny_model, "schedules", jit_compile=True)
            run.train(model, data, directory, last, 8, log_every=4)
        return state_of(model), (directory / "metrics.csv").read_text()

    whole, parts = runs(tmp_path / "whole", 10), runs(tmp_path / "parts", 6, 10)
    assert np.array_equal(whole[0], parts[0])
    assert whole[1].splitlines()[-1] == parts[1].splitlines()[-1]
