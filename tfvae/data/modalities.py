"""Several modalities of the same examples, one reader for each."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tfvae import noise
from tfvae.arguments import require_at_least
from tfvae.data.arrays import load_array
from tfvae.data.dataset import Dataset
from tfvae.data.frozen_random import frozen_random_state
from tfvae.data.multimodal_dataset import PRESENT, MultimodalDataset

Missing = Mapping[str, float | np.ndarray | str | os.PathLike]


class Modalities(MultimodalDataset):
    """Combines readers: example i is {modality: example i of its reader}.

    Example:
        data = Modalities(
            {"image": Arrays(images), "digit": Labels(classes)}, missing={"digit": 0.9}
        )

    Args:
        readers: the data of each modality, all of the same length and in the same order.
        missing: for each modality that some examples lack, the fraction of examples without it
            (an exact count, selected once by `seed`), or a mask, bool [N] (or the path of an .npy
            file), True for the examples without it. Every example keeps at least one modality: if
            all are listed, the last one selected is removed only from examples that have another.
        seed: seed that selects the examples with missing modalities.

    Attributes:
        readers: the data of each modality.

    Raises:
        FileNotFoundError: if the file of a mask does not exist.
        ValueError: if the seed is negative, there are no readers, readers have different lengths or
            several modalities, `missing` has an unknown modality, a fraction is outside [0, 1], a
            mask is not bool [N], or an example has no modality (the message names it).
    """

    def __init__(
        self, readers: Mapping[str, Dataset], missing: Missing | None = None, seed: int = 0
    ):
        require_at_least(0, seed=seed)
        _check_readers(readers)
        first = next(iter(readers.values()), None)
        super().__init__(
            first.num_examples if first else 0,
            {name: reader.image_shape for name, reader in readers.items()},
        )
        self.readers = dict(readers)
        absent = _absent(missing or {}, list(readers), self.num_examples, seed)
        with tf.device("CPU"):  # where input pipelines run
            self._present = {name: tf.constant(~rows) for name, rows in absent.items()}

    def raw(self, indices: tf.Tensor) -> dict[str, Any]:
        """Returns raw examples `indices` (int64 [n]) by modality, and "present"."""
        raw = {name: reader.raw(indices) for name, reader in self.readers.items()}
        if self._present:
            raw[PRESENT] = {name: tf.gather(rows, indices) for name, rows in self._present.items()}
        return raw

    def from_raw(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Returns examples {modality: tensor [n, ...]}, and "present"."""
        examples = {name: reader.from_raw(raw[name]) for name, reader in self.readers.items()}
        return self._without_missing(examples, raw.get(PRESENT, {}))

    def shown(self, raw: dict[str, Any], seeds: tf.Tensor) -> dict[str, Any]:
        """Returns examples as a model sees them, {modality: tensor [n, ...]}, and "present".

        Args:
            raw: the result of `raw`.
            seeds: int64 [n, 2], one row per example, which determine random augmentation.
        """
        examples = {
            name: reader.shown(raw[name], noise.fold_in(seeds, name))
            for name, reader in self.readers.items()
        }
        return self._without_missing(examples, raw.get(PRESENT, {}))

    def _without_missing(
        self, examples: dict[str, Any], present: dict[str, tf.Tensor]
    ) -> dict[str, Any]:
        if not present:
            return examples
        for name, rows in present.items():
            values = examples[name]
            column = tf.reshape(rows, [-1] + [1] * (len(self.shapes[name])))
            examples[name] = tf.where(column, values, tf.zeros_like(values))
        return {**examples, PRESENT: present}


def _check_readers(readers: Mapping[str, Dataset]) -> None:
    lengths = {}
    for name, reader in readers.items():
        if isinstance(reader, MultimodalDataset):
            raise ValueError(
                f"readers[{name!r}] is a {type(reader).__name__} with several modalities "
                f"({', '.join(reader.shapes)}); pass a reader with one"
            )
        lengths[name] = reader.num_examples
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(
            f"readers have different numbers of examples: {listed}; example i must be the same "
            f"in all of them (use the same split)"
        )


def _absent(
    missing: Missing, names: list[str], num_examples: int, seed: int
) -> dict[str, np.ndarray]:
    """Returns a mask for each modality in `missing`, bool [N], True for examples without it."""
    unknown = [name for name in missing if name not in names]
    if unknown:
        raise ValueError(
            f"missing names {unknown[0]!r}; the modalities are {', '.join(map(repr, names))}"
        )
    fractions = {name: value for name, value in missing.items() if isinstance(value, (int, float))}
    absent = {
        name: _mask(name, value, num_examples)
        for name, value in missing.items()
        if name not in fractions
    }
    for name, fraction in sorted(fractions.items()):
        has_another = _number_absent(absent, num_examples) < len(names) - 1
        absent[name] = _drawn(name, fraction, has_another, seed)
    nothing = _number_absent(absent, num_examples) == len(names)
    if nothing.any():
        raise ValueError(
            f"missing leaves example {nothing.argmax()} without any modality; remove it from the "
            f"data"
        )
    return absent


def _number_absent(absent: dict[str, np.ndarray], num_examples: int) -> np.ndarray:
    """Returns the number of modalities missing from each example, int64 [N]."""
    return sum(absent.values(), np.zeros(num_examples, np.int64))


def _drawn(name: str, fraction: float, allowed: np.ndarray, seed: int) -> np.ndarray:
    if not 0 <= fraction <= 1:
        raise ValueError(f"missing[{name!r}] is {fraction}; it must be from 0 to 1")
    number = round(fraction * len(allowed))
    if number > allowed.sum():
        raise ValueError(
            f"missing[{name!r}] is {fraction}, {number} of {len(allowed)} examples, but only "
            f"{allowed.sum()} have another modality; lower the fractions of missing"
        )
    order = frozen_random_state([seed, *name.encode()]).permutation(np.flatnonzero(allowed))
    rows = np.zeros(len(allowed), bool)
    rows[order[:number]] = True
    return rows


def _mask(name: str, value: Any, num_examples: int) -> np.ndarray:
    rows = load_array(value) if isinstance(value, (str, os.PathLike)) else np.asarray(value)
    if rows.dtype != bool or rows.shape != (num_examples,):
        raise ValueError(
            f"missing[{name!r}] is {rows.dtype} {list(rows.shape)}; it must be a fraction, or bool "
            f"[{num_examples}], True for the examples without it"
        )
    return rows
