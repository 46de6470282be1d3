"""Observed data of several modalities: their values, and which of them an example has."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

PRESENT = "present"


class Observed(NamedTuple):
    """Values of some modalities for a batch of B examples.

    Attributes:
        values: values [B, ...] by modality; zeros for examples that lack it.
        present: by modality, 1 for examples that have it, else 0, float32 [B]; modalities that
            every example has are left out.
    """

    values: dict[str, tf.Tensor]
    present: dict[str, tf.Tensor]

    def only(self, names: Iterable[str]) -> "Observed":
        """Returns the data of those modalities in `names` that there are."""
        names = set(names)
        return Observed(
            {name: value for name, value in self.values.items() if name in names},
            {name: here for name, here in self.present.items() if name in names},
        )

    def subsets(self, subsets: Iterable[Collection[str]]) -> Iterator[tuple["Observed", tf.Tensor]]:
        """Yields each subset of modalities that the data have, and which examples have it.

        Args:
            subsets: names of modalities.

        Yields:
            The data of the subset, and 1 for examples that have all of it, else 0, [B].
        """
        for subset in subsets:
            if all(name in self.values for name in subset):
                values = {name: self.values[name] for name in subset}
                present = {name: self.present[name] for name in subset if name in self.present}
                yield Observed(values, present), self.has(subset)

    def hidden(self, keep: Mapping[str, tf.Tensor]) -> "Observed":
        """Returns the data without modality m of the examples with `keep[m]` [B] 0, not 1."""
        return Observed(self.values, {name: self.here(name) * here for name, here in keep.items()})

    def here(self, name: str) -> tf.Tensor:
        """Returns 1 for examples that have modality `name`, else 0, float32 [B]."""
        if name not in self.values:
            return tf.zeros([self.num_rows])
        return self.present.get(name, tf.ones([self.num_rows]))

    def has(self, names: Iterable[str]) -> tf.Tensor:
        """Returns 1 for examples that have all of `names`, else 0, float32 [B]."""
        return tf.reduce_min([self.here(name) for name in names], axis=0)

    @property
    def num_rows(self) -> tf.Tensor:
        """B, a scalar."""
        return tf.shape(next(iter(self.values.values())))[0]


def observed(x: Mapping[str, Any], modalities: Mapping[str, Any]) -> Observed:
    """Converts a dictionary of data to an `Observed`, in the modalities' types.

    Args:
        x: modality name to values [B, ...], for any of the modalities; one-hot labels [B, K] may
            be class numbers, integers [B]. An entry "present" may map modality names to booleans
            [B]; every example has the modalities that it does not list.
        modalities: name to `Modality`.

    Raises:
        ValueError: if a name is not that of a modality, `present` has a name without values, or
            modalities have different numbers of examples.
    """
    values = {name: value for name, value in x.items() if name != PRESENT}
    masks = dict(x.get(PRESENT, {}))
    for name in (*values, *masks):
        if name not in modalities:
            raise ValueError(f"there is no modality {name!r}; there are {', '.join(modalities)}")
    for name in masks:
        if name not in values:
            raise ValueError(f"present has {name!r}, but the data have no values of it")
    typed = {name: _typed(values[name], modalities[name]) for name in modalities if name in values}
    _require_one_length(typed | masks)
    present = {
        name: tf.cast(tf.convert_to_tensor(here), tf.float32) for name, here in masks.items()
    }
    for name, here in present.items():
        # Not a product, since a missing value may be NaN.
        rows = tf.reshape(here > 0, [-1] + [1] * (typed[name].shape.rank - 1))
        typed[name] = tf.where(rows, typed[name], tf.zeros_like(typed[name]))
    return Observed(typed, present)


def _typed(value, modality) -> tf.Tensor:
    value = tf.convert_to_tensor(value)
    if value.dtype.is_integer and value.shape.rank == 1 and len(modality.data_shape) == 1:
        return tf.one_hot(value, modality.data_shape[0])
    return tf.cast(value, modality.data_dtype)


def _require_one_length(values: Mapping[str, tf.Tensor]) -> None:
    lengths = {name: value.shape[0] for name, value in values.items()}
    if len(set(lengths.values()) - {None}) > 1:
        each = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"modalities have different numbers of examples: {each}")
