"""From chunks of records or image files to a signature's arrays, row by row checked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from serving.batch.reading import IMAGES, BadRow, Chunk
from serving.batch.tensor_specs import RowSpec
from tfvae.data import decoding
from tfvae.data.example_images import ExampleImages, parse_example
from tfvae.data.pixel_values import SCALE_8_BIT

SEED = "seed"
# What tells encoded bytes from raw ones of the same number.
_ENCODED = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM", b"II*\0", b"MM\0*")


class Rows(NamedTuple):
    """Rows that can be encoded together.

    Attributes:
        keys: What tells the rows from one another in the output.
        sources: Where they lie; the same as `keys` where those are not read from a feature.
        arrays: Input name to array, the rows along its first axis.
    """

    keys: list[str]
    sources: list[str]
    arrays: dict[str, np.ndarray]

    def part(self, start: int, end: int) -> Rows:
        """Returns rows `start` to `end` - 1."""
        arrays = {name: array[start:end] for name, array in self.arrays.items()}
        return Rows(self.keys[start:end], self.sources[start:end], arrays)


class RowReader:
    """Makes rows of chunks. What cannot be one becomes a BadRow; the others stay what they are.

    Args:
        inputs: The signature's inputs.
        kind: RECORDS or IMAGES.
        features: Input name to the tf.train.Example's feature that holds it.
        seed: First number of the seeds that rows are given, of which the second is their key's.
        key_feature: Feature that holds the key; files and record numbers are the keys where None.
        resize: Whether the largest central part of an encoded image that has the aspect ratio
            needed is resized, where it is not of the size needed.
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
        self._specs = {name: spec for name, spec in inputs.items() if name in features}
        self._seeds = [name for name in inputs if name not in features]
        self._kind = kind
        self._features = dict(features)
        self._seed = seed
        self._key_feature = key_feature
        self._images = {
            name: ExampleImages(
                features[name],
                image_shape=spec.shape,
                image_size=spec.shape[:2] if resize else None,
                channels=spec.shape[2] if spec.shape[2] in (1, 3) else None,
            )
            for name, spec in self._specs.items()
            if spec.is_image
        }
        self._resize = resize

    def read(self, chunk: Chunk) -> tuple[Rows, list[BadRow]]:
        """Returns the rows of a chunk and what cannot be one; together as many as it has."""
        keys: list[str] = []
        sources: list[str] = []
        columns: dict[str, list] = {name: [] for name in self._specs}
        bad = []
        for source, data in zip(chunk.sources, chunk.data, strict=True):
            key = None if self._key_feature else source
            try:
                if self._kind == IMAGES:
                    row = {name: self._of_file(name, data, source) for name in self._specs}
                else:
                    features = parse_example(data, source)
                    key = key or self._key(features, source)
                    row = {name: self._value(name, features, source) for name in self._specs}
            except ValueError as error:
                bad.append(BadRow(source, key, str(error)))
                continue
            assert key is not None
            keys.append(key)
            sources.append(source)
            for name, value in row.items():
                columns[name].append(value)
        arrays = {name: _stacked(values, self._specs[name]) for name, values in columns.items()}
        return Rows(keys, sources, arrays | self._seed_arrays(keys)), bad

    def _seed_arrays(self, keys: Sequence[str]) -> dict[str, np.ndarray]:
        if not self._seeds:
            return {}
        digests = (hashlib.blake2b(key.encode(), digest_size=8).digest() for key in keys)
        numbers = np.frombuffer(b"".join(digests), "<i8").astype(np.int64)
        seeds = np.stack([np.full(len(keys), self._seed, np.int64), numbers], axis=1)
        return dict.fromkeys(self._seeds, seeds)

    def _key(self, features, source: str) -> str:
        kind, found = _held(features, self._key_feature or "")
        if kind not in ("bytes_list", "int64_list") or len(found) != 1:
            raise ValueError(
                f"{source} has no key: feature {self._key_feature!r} must hold one byte string or "
                f"one integer; it holds {len(found)} of {kind or 'nothing'}"
            )
        return found[0].decode() if kind == "bytes_list" else str(found[0])

    def _of_file(self, name: str, data: bytes, source: str):
        spec = self._specs[name]
        return data if spec.is_bytes else self._decoded(spec, data, source)

    def _decoded(self, spec: RowSpec, data: bytes, source: str) -> np.ndarray:
        size = spec.shape[:2] if self._resize else None
        channels = spec.shape[2] if spec.shape[2] in (1, 3) else None
        image = decoding.decode(data, source, channels, size)
        if image.shape != spec.shape:
            raise ValueError(
                f"{source} has shape {list(image.shape)}; the signature needs {list(spec.shape)}. "
                "--resize resizes encoded images"
            )
        return image

    def _value(self, name: str, features, source: str):
        """One input of a row: an array of the spec's shape, or bytes."""
        spec, feature = self._specs[name], self._features[name]
        kind, values = _held(features, feature)
        if kind == "bytes_list" and len(values) == 1:
            data = values[0]
            if spec.is_bytes:
                return data
            if spec.is_image and (len(data) != spec.size or data.startswith(_ENCODED)):
                return self._decoded(spec, data, source)
            if spec.dtype == "float32" and len(data) == spec.size:  # as trainers.prepare writes
                return np.frombuffer(data, np.uint8).reshape(spec.shape)
        if spec.is_image and kind == "float_list":
            return self._images[name].image(features, source, encoded=False)
        numbers = {"float_list": "f", "int64_list": "iu"}.get(kind, "")
        if np.dtype(spec.dtype).kind not in numbers or len(values) != spec.size:
            raise ValueError(
                f"{source} holds {len(values)} values of {kind or 'nothing'} in feature "
                f"{feature!r}; input {name!r} needs {spec.dtype} {list(spec.shape)}"
            )
        array = np.array(values, spec.dtype).reshape(spec.shape)
        if not np.isfinite(array).all():
            raise ValueError(f"{source} has NaN or infinite values in feature {feature!r}")
        return array


def _held(features, feature: str) -> tuple[str, Sequence]:
    """Which kind of values a feature holds, "" where there is none, and the values."""
    if feature not in features:
        return "", ()
    kind = features[feature].WhichOneof("kind") or ""
    return kind, getattr(features[feature], kind).value if kind else ()


def _stacked(values: list, spec: RowSpec) -> np.ndarray:
    """Rows as one array; those of uint8 stand for values scaled to [0, 1]."""
    if spec.is_bytes:
        strings = np.empty(len(values), object)
        strings[:] = values
        return strings
    if not values:
        return np.zeros((0, *spec.shape), spec.dtype)
    if spec.dtype != "float32":
        return np.stack(values)
    if all(value.dtype == np.uint8 for value in values):
        return np.multiply(np.stack(values), SCALE_8_BIT, dtype=np.float32)
    return np.stack([v * SCALE_8_BIT if v.dtype == np.uint8 else v for v in values])
