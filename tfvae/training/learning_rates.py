"""Learning rates of several players under Keras's callbacks, which know one optimizer only."""

import warnings

import keras
import tensorflow as tf

from tfvae.training.players import inner


class KeepProportions(keras.callbacks.Callback):
    """Changes the learning rates of all players in proportion to that of `model.optimizer`.

    It runs after the other callbacks of `fit`, such as ReduceLROnPlateau. The proportions are those
    at the start of `fit`; a callback that sets a player's own learning rate changes them. A
    learning rate that is a schedule of the step stays, with a warning.

    Args:
        model: a compiled model.
    """

    def __init__(self, model):
        super().__init__()
        self._leader = inner(model.optimizer)
        optimizers = {id(each): each for each in (inner(p.optimizer) for p in model.players())}
        optimizers.pop(id(self._leader), None)
        self._followers = list(optimizers.values())
        self._rate = _rate(self._leader)
        self._rates = [_rate(optimizer) for optimizer in self._followers]
        self._proportions = [self._rate and rate / self._rate for rate in self._rates]

    def on_train_batch_begin(self, batch, logs=None):
        """Follows the changes since the batch before."""
        self._follow()

    def on_train_end(self, logs=None):
        """Follows the changes since the last batch."""
        self._follow()

    def _follow(self) -> None:
        if _is_schedule(self._leader):
            return
        rate = _rate(self._leader)
        moved, self._rate = rate != self._rate, rate
        for number, optimizer in enumerate(self._followers):
            if _is_schedule(optimizer):
                if moved:
                    warnings.warn(
                        f"the learning rate of {self._leader.name} was set to {rate:g}, and that "
                        f"of {optimizer.name} goes on by its schedule; give numbers for both to "
                        "keep their proportion",
                        stacklevel=2,
                    )
            elif (own := _rate(optimizer)) != self._rates[number]:  # set by a callback
                self._proportions[number] = rate and own / rate
            elif moved and self._proportions[number]:
                optimizer.learning_rate = rate * self._proportions[number]
            self._rates[number] = _rate(optimizer)


def with_proportions(model, callbacks):
    """Returns the callbacks of `fit`; of a model of several players with `KeepProportions` last."""
    if len(model.players()) == 1 or isinstance(callbacks, keras.callbacks.CallbackList):
        return callbacks
    return [*tf.nest.flatten(callbacks or []), KeepProportions(model)]


def _rate(optimizer: keras.optimizers.Optimizer) -> float:
    rate = optimizer.learning_rate
    # A strategy's variable is no number, but has a value.
    return float(tf.convert_to_tensor(rate.value if isinstance(rate, keras.Variable) else rate))


def _is_schedule(optimizer: keras.optimizers.Optimizer) -> bool:
    schedule = keras.optimizers.schedules.LearningRateSchedule
    return isinstance(optimizer._learning_rate, schedule)
