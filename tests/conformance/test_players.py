"""Players that are not trained at every step, on one device and on two replicas."""

import keras
import numpy as np
import pytest

import tfvae
from tests.conformance.registry import Bars, build, weights


class SlowVAE(tfvae.FactorVAE):
    """The discriminator moves at every step, the VAE at every third."""

    def players(self):
        vae, discriminator = super().players()
        return [vae._replace(cycle=3), discriminator]


def make(steps_per_execution):
    model = build(SlowVAE, discriminator=lambda: tfvae.networks.Discriminator((16,)))
    model.compile(
        keras.optimizers.SGD(1e-2),
        discriminator_optimizer="sgd",
        steps_per_execution=steps_per_execution,
    )
    return model


def fitted(model, steps, start=0):
    batches = Bars().batches(16, 0, start_step=start)
    model.fit(batches, steps_per_epoch=steps, verbose=0)
    return model


def moved(model, step):
    """Which player the step moved."""

    def values():
        return [np.concatenate([np.ravel(v) for v in p.variables]) for p in model.players()]

    before, _, after = values(), fitted(model, 1, step), values()
    return [not np.array_equal(a, b) for a, b in zip(before, after, strict=True)]


def test_a_player_moves_once_in_its_cycle():
    model = make(steps_per_execution=1)
    history = [moved(model, step) for step in range(5)]
    assert history == [[True, True], [False, True], [False, True], [True, True], [False, True]]
    assert int(model.step) == 5


@pytest.mark.slow
def test_players_of_two_replicas_move_at_the_same_steps(mirrored):
    one = fitted(make(steps_per_execution=7), 7)
    with mirrored.scope():
        two = make(steps_per_execution=7)
    assert np.max(np.abs(weights(fitted(two, 7)) - weights(one))) < 1e-5
