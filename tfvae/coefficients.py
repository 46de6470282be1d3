"""Coefficients of objectives: model attributes that may change with the step."""

import numbers
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

_VARIABLES = (keras.Variable, tf.Variable)


class _Setting(NamedTuple):
    given: Any  # a number, a schedule, a variable or None
    variable: tf.Variable | None  # holds the number, so that compiled steps see a new one


class Coefficient:
    """An attribute set to a number or a schedule, and read as its value at the current step.

        class BetaVAE(VAE):
            beta = Coefficient()

            def __init__(self, *args, beta=4.0, **kwargs):
                super().__init__(*args, **kwargs)
                self.beta = beta

    `self.beta` is a float32 scalar. A number set later, as by a callback, takes effect at the next
    step. A Keras or TensorFlow variable is read at every step and is not trained. Coefficients are
    not weights: they are not saved, exported or checkpointed. `get_config` returns the number or
    schedule that was set.

    Args:
        minimum: the lowest number allowed; unbounded if None.
        maximum: the highest number allowed; unbounded if None.
        optional: whether it may be None.
    """

    def __init__(
        self, minimum: float | None = None, maximum: float | None = None, optional: bool = False
    ):
        self._minimum, self._maximum, self._optional = minimum, maximum, optional
        self._name = ""

    def __set_name__(self, owner, name: str):
        self._name = name

    def __get__(self, model, owner=None) -> Any:
        if model is None:
            return self
        settings = _settings(model)
        if self._name not in settings:
            raise AttributeError(f"{type(model).__name__}.{self._name} is not set yet")
        given, variable = settings[self._name]
        if given is None:
            return None
        if callable(given):
            return given(model.step)
        source = given if variable is None else variable
        source = source.value if isinstance(source, keras.Variable) else source
        return tf.cast(tf.convert_to_tensor(source), tf.float32)

    def __set__(self, model, value) -> None:
        given = self._checked(value)
        old = _settings(model).get(self._name)
        if not isinstance(given, numbers.Real):
            _settings(model)[self._name] = _Setting(given, None)
        elif old is not None and old.variable is not None:
            old.variable.assign(float(given))
            _settings(model)[self._name] = _Setting(given, old.variable)
            return
        else:
            _settings(model)[self._name] = _Setting(given, _variable(model, given, self._name))
        if old is not None:
            model.retrace()

    def _checked(self, value):
        if callable(value) or isinstance(value, _VARIABLES) or (value is None and self._optional):
            return value
        if isinstance(value, (tf.Tensor, np.ndarray)) and tf.executing_eagerly():
            value = float(value)  # from `model.beta = 2 * model.beta`, for example
        if not isinstance(value, numbers.Real):
            raise TypeError(
                f"{self._name} is {value!r}; it must be a number, a schedule such as "
                "tfvae.schedules.Linear, or a variable"
            )
        low, high = self._minimum, self._maximum
        if (low is not None and float(value) < low) or (high is not None and float(value) > high):
            bounds = f"at least {low}" if high is None else f"from {low} to {high}"
            raise ValueError(f"{self._name} is {value}; it must be {bounds}")
        return value


def given(model) -> dict[str, Any]:
    """Returns the settings of a model's coefficients by name, variables as numbers."""
    return {
        name: float(setting.given) if isinstance(setting.given, _VARIABLES) else setting.given
        for name, setting in _settings(model).items()
    }


def _settings(model) -> dict[str, _Setting]:
    # In __dict__, since Keras would track variables as weights of the model.
    return model.__dict__.setdefault("_coefficients", {})


def _variable(model, number: numbers.Real, name: str) -> tf.Variable:
    with tf.init_scope(), model.distribute_strategy.scope():
        return tf.Variable(
            float(number),
            trainable=False,
            dtype=tf.float32,
            name=name,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )
