import keras
import numpy as np
import pytest

from tfvae.schedules import Cyclical, Linear


def at(schedule, steps):
    return [float(schedule(np.int64(step))) for step in steps]


def test_linear_ramps_then_stays():
    assert at(Linear(1.0, 3.0, 4), [0, 1, 2, 4, 5, 10**9]) == [1.0, 1.5, 2.0, 3.0, 3.0, 3.0]
    assert at(Linear(2.0, 0.0, 4), [1, 3]) == [1.5, 0.5]


def test_cyclical_starts_over():
    schedule = Cyclical(0.0, 1.0, 2, period=5)
    assert at(schedule, range(12)) == [0, 0.5, 1, 1, 1] * 2 + [0, 0.5]


def test_long_runs_keep_their_period():
    # In float32 these steps would be equal.
    schedule = Cyclical(0.0, 1.0, 4, period=8)
    assert at(schedule, [2**30 + 1, 2**30 + 2]) == [0.25, 0.5]


@pytest.mark.parametrize("schedule", [Linear(0.0, 1.0, 10), Cyclical(0.0, 1.0, 10, 20)])
def test_config_round_trip(schedule):
    config = keras.saving.serialize_keras_object(schedule)
    assert keras.saving.deserialize_keras_object(config) == schedule


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="steps is 0; it must be above 0"):
        Linear(0.0, 1.0, 0)
    with pytest.raises(ValueError, match="period is 5; it must be at least steps, 10"):
        Cyclical(0.0, 1.0, 10, period=5)
