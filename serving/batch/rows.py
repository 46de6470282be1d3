"""Converts chunks of records or image files to the arrays of a signature, checking each row."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from serving.batch.inputs import InputReader, feature_values
from serving.batch.reading import IMAGES, BadRow, Chunk
from serving.batch.tensor_specs import RowSpec
from tfvae.data.example_images import parse_example

SEED = "seed"


class Rows(NamedTuple):
    """Rows to encode together.

    Attributes:
        keys: Keys of the rows in the output.
        sources: Sources of the rows; equal to `keys` unless a feature has the keys.
        arrays: Input name to array, with the rows along its first axis.
    """

    keys: list[str]
    sources: list[str]
    arrays: dict[str, np.ndarray]

    def part(self, start: int, end: int) -> Rows:
        """Returns the rows from `start` to `end`, exclusive."""
        arrays = {name: array[start:end] for name, array in self.arrays.items()}
        return Rows(self.keys[start:end], self.sources[start:end], arrays)


class RowReader:
    """Converts chunks to rows; an invalid input becomes a BadRow and does not affect the others.

    Args:
        inputs: Inputs of the signature.
        kind: RECORDS or IMAGES.
        features: Input name to feature of the tf.train.Example.
        seed: First number of each row's seed; the second is a hash of its key.
        key_feature: Feature with the key; if None, the key is FILE:NUMBER.
        resize: Whether to crop encoded images to the aspect ratio of the input, centrally, and
            resize them.
    """

    def __init__(
        self,
        inputs: Mapping[str, RowSpec],
        kind: str,
        features: Mapping[str, str],
        seed: int,
        key_feature: str | None,
        resize: bool,
    ):
        self._inputs = {
            name: InputReader(name, inputs[name], feature, resize)
            for name, feature in features.items()
        }
        self._seeds = [name for name in inputs if name not in features]
        self._kind = kind
        self._seed = seed
        self._key_feature = key_feature

    def read(self, chunk: Chunk) -> tuple[Rows, list[BadRow]]:
        """Returns the rows of a chunk, and its bad rows."""
        keys: list[str] = []
        sources: list[str] = []
        columns: dict[str, list] = {name: [] for name in self._inputs}
        bad = []
        for source, data in zip(chunk.sources, chunk.data, strict=True):
            key = None if self._key_feature else source
            try:
                if self._kind == IMAGES:
                    row = [one.of_file(data, source) for one in self._inputs.values()]
                else:
                    features = parse_example(data, source)
                    key = key or self._key(features, source)
                    row = [one.of_example(features, source) for one in self._inputs.values()]
            except ValueError as error:
                bad.append(BadRow(source, key, str(error)))
                continue
            assert key is not None
            keys.append(key)
            sources.append(source)
            for column, value in zip(columns.values(), row, strict=True):
                column.append(value)
        arrays = {name: self._inputs[name].stack(column) for name, column in columns.items()}
        return Rows(keys, sources, arrays | self._seed_arrays(keys)), bad

    def _seed_arrays(self, keys: Sequence[str]) -> dict[str, np.ndarray]:
        if not self._seeds:
            return {}
        digests = (hashlib.blake2b(key.encode(), digest_size=8).digest() for key in keys)
        numbers = np.frombuffer(b"".join(digests), "<i8").astype(np.int64)
        seeds = np.stack([np.full(len(keys), self._seed, np.int64), numbers], axis=1)
        return dict.fromkeys(self._seeds, seeds)

    def _key(self, features, source: str) -> str:
        kind, found = feature_values(features, self._key_feature or "")
        if kind not in ("bytes_list", "int64_list") or len(found) != 1:
            raise ValueError(
                f"{source} has no key: feature {self._key_feature!r} must have one byte string or "
                f"one integer; it has {len(found)} of {kind or 'nothing'}"
            )
        return found[0].decode() if kind == "bytes_list" else str(found[0])
