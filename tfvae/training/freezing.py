"""Which layers of a model are frozen, kept in `.keras` files.

Keras saves it for its own layers only. Layers are numbered in the order in which a model made from
the same config has them again; names would depend on what else the process has made.
"""

from collections.abc import Iterable

import keras


def frozen(model: keras.Model) -> list[int]:
    """Returns the numbers of the frozen layers, 0 being the model itself."""
    return [number for number, layer in enumerate(_layers(model)) if not layer.trainable]


def freeze(model: keras.Model, numbers: Iterable[int]) -> None:
    """Freezes the layers `numbers` and no others."""
    chosen = set(numbers)
    if chosen == set(frozen(model)):
        return  # single variables that are frozen stay so
    for number, layer in enumerate(_layers(model)):  # a layer comes before those in it
        layer.trainable = number not in chosen


def _layers(model: keras.Model) -> list[keras.Layer]:
    return list(model._flatten_layers())
