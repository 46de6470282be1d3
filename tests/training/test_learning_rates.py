"""Callbacks that change the learning rate of a model of several players."""

import keras
import pytest

import tfvae

Decay = keras.optimizers.schedules.ExponentialDecay


def rates(model):
    return [float(player.optimizer.learning_rate) for player in model.players()]


class SetOwn(keras.callbacks.Callback):
    """Sets the discriminator's learning rate itself, in the epoch before the last."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            self.model.discriminator_optimizer.learning_rate = 0.5


def plateau():
    return keras.callbacks.ReduceLROnPlateau("loss", factor=0.1, patience=1, min_delta=1e9)


def schedule(*rates):
    return keras.callbacks.LearningRateScheduler(lambda epoch: rates[epoch])


@pytest.mark.parametrize(
    ("callbacks", "expected"),
    [
        (None, [1e-3, 4e-4]),
        (plateau(), [1e-5, 4e-6]),
        ([schedule(0.0, 1e-3, 2e-3)], [2e-3, 8e-4]),
        ([SetOwn(), schedule(1e-3, 1e-3, 2e-3)], [2e-3, 1.0]),
    ],
    ids=["none", "plateau", "from 0", "own"],
)
def test_players_keep_their_proportion(tiny_model, images, callbacks, expected):
    model = tiny_model(tfvae.FactorVAE)
    model.compile(keras.optimizers.Adam(1e-3), discriminator_optimizer=keras.optimizers.Adam(4e-4))
    model.fit(images, batch_size=8, epochs=3, callbacks=callbacks, verbose=0)
    assert rates(model) == pytest.approx(expected, rel=1e-5)


def test_schedule_of_another_player_goes_on_with_a_warning(tiny_model, images):
    model = tiny_model(tfvae.FactorVAE)
    model.compile(discriminator_optimizer=keras.optimizers.Adam(Decay(1e-3, 1, 0.5)))
    halve = keras.callbacks.LearningRateScheduler(lambda epoch: 5e-4)
    with pytest.warns(
        UserWarning, match=r"was set to 0\.0005, and that of .* goes on by its sched"
    ):
        model.fit(images, batch_size=8, callbacks=[halve], verbose=0)
    assert rates(model) == pytest.approx([5e-4, 2.5e-4])
