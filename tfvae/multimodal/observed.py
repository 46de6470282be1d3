"""What is known of each example: the values of its modalities, and which of them it has."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

PRESENT = "present"


class Observed(NamedTuple):
    """Values of some modalities for a batch of B examples.

    Attributes:
        values: each modality's, [B, ...]; zeros where an example lacks it.
        present: 1 where an example has the modality, else 0, float32 [B]; modalities that every
            example has are left out.
    """

    values: dict[str, tf.Tensor]
    present: dict[str, tf.Tensor]

    def only(self, names: Iterable[str]) -> "Observed":
        """Returns the same of `names` alone; of those, what is here."""
        names = set(names)
        return Observed(
            {name: value for name, value in self.values.items() if name in names},
            {name: here for name, here in self.present.items() if name in names},
        )

    def subsets(self, subsets: Iterable[Collection[str]]) -> Iterator[tuple["Observed", tf.Tensor]]:
        """Yields each subset that the data have: its values, and the examples that have all of it.

        Args:
            subsets: names of modalities.

        Yields:
            The values of the subset, and 1 for examples that have all of it, else 0, [B].
        """
        for subset in subsets:
            if all(name in self.values for name in subset):
                values = {name: self.values[name] for name in subset}
                present = {name: self.present[name] for name in subset if name in self.present}
                yield Observed(values, present), self.has(subset)

    def hidden(self, keep: Mapping[str, tf.Tensor]) -> "Observed":
        """Returns the same where modality m of an example stays if `keep[m]` [B] is 1, not 0."""
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
    """Returns what the dictionary `x` says, in the modalities' types.

    Args:
        x: modality name to values [B, ...], of any of the modalities; one-hot labels [B, K] may be
            class numbers, integers [B]. The entry "present", if there is one, is a dictionary of
            modality name to booleans [B]; what is not in it every example has.
        modalities: name to `Modality`.

    Raises:
        ValueError: for a name that is not a modality's, a batch that lacks the values `present`
            speaks of, or modalities of different length.
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
        # Not a product: what stands in the place of a missing value may be NaN.
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
