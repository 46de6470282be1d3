"""Reads one input of a signature from examples or files, and stacks rows into batches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serving.batch.tensor_specs import RowSpec
from tfvae.data import decoding
from tfvae.data.pixel_values import SCALE_8_BIT, check_floats

# First bytes of encoded images, to distinguish them from raw pixels of the same length.
_ENCODED = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM", b"II*\0", b"MM\0*")


class InputReader:
    """Reads an input: numbers, an image (encoded, raw bytes or floats in [0, 1]), or bytes.

    Rows are bytes (raw pixels for images) or arrays until `stack` converts them to one array.

    Args:
        name: Name of the input.
        spec: Dtype and shape of a row.
        feature: Name of the feature in a tf.train.Example.
        resize: Whether to resize encoded images to the size of the input.
    """

    def __init__(self, name: str, spec: RowSpec, feature: str, resize: bool):
        self._name = name
        self._spec = spec
        self._feature = feature
        # Stored because they are read for every row.
        self._is_bytes, self._is_image, self._size = spec.is_bytes, spec.is_image, spec.size
        self._is_float = spec.dtype == "float32"
        self._numbers = {"f": "float_list", "i": "int64_list", "u": "int64_list"}.get(
            np.dtype(spec.dtype).kind
        )
        self._image_size = spec.shape[:2] if resize and spec.is_image else None

    def of_file(self, data: bytes, source: str) -> np.ndarray | bytes:
        """Returns the row for an image file.

        Raises:
            ValueError: The file is not an image, or has another shape than the input.
        """
        return data if self._is_bytes else self._decoded(data, source)

    def of_example(self, features, source: str) -> np.ndarray | bytes:
        """Returns the row for the features of a tf.train.Example.

        Raises:
            ValueError: The feature is missing or does not match the input.
        """
        kind, values = feature_values(features, self._feature)
        if kind == "bytes_list" and len(values) == 1:
            data = values[0]
            if self._is_bytes:
                return data
            if self._is_image and (len(data) != self._size or data.startswith(_ENCODED)):
                return self._decoded(data, source)
            if self._is_float and len(data) == self._size:  # The format of trainers.prepare.
                return data
        if kind != self._numbers or len(values) != self._size:
            raise ValueError(
                f"{source} has {len(values)} values of {kind or 'nothing'} in feature "
                f"{self._feature!r}; input {self._name!r} needs {self._spec.dtype} "
                f"{list(self._spec.shape)}"
            )
        array = np.array(values, self._spec.dtype).reshape(self._spec.shape)
        if self._is_image:
            check_floats(array[None], lambda _: source)
        elif not np.isfinite(array).all():
            raise ValueError(f"{source} has NaN or infinite values in feature {self._feature!r}")
        return array

    def _decoded(self, data: bytes, source: str) -> np.ndarray:
        shape = self._spec.shape
        channels = shape[2] if shape[2] in (1, 3) else None
        image = decoding.decode(data, source, channels, self._image_size)
        if image.shape != shape:
            raise ValueError(
                f"{source} has shape {list(image.shape)}; the signature needs {list(shape)}; "
                "--resize resizes encoded images"
            )
        return image

    def stack(self, rows: Sequence) -> np.ndarray:
        """Stacks rows into one array; 8-bit pixels become values in [0, 1]."""
        if self._is_bytes:
            strings = np.empty(len(rows), object)
            strings[:] = rows
            return strings
        if not rows:
            return np.zeros((0, *self._spec.shape), self._spec.dtype)
        if all(isinstance(row, bytes) for row in rows):
            levels = np.frombuffer(b"".join(rows), np.uint8).reshape(-1, *self._spec.shape)
            return np.multiply(levels, SCALE_8_BIT, dtype=np.float32)
        return np.stack([self._values(row) for row in rows])

    def _values(self, row: np.ndarray | bytes) -> np.ndarray:
        if isinstance(row, bytes):
            row = np.frombuffer(row, np.uint8).reshape(self._spec.shape)
        if self._is_float and row.dtype == np.uint8:
            return np.multiply(row, SCALE_8_BIT, dtype=np.float32)
        return row


def feature_values(features, name: str) -> tuple[str, Sequence]:
    """Returns the kind of a feature's values, empty if it is missing, and the values."""
    if name not in features:
        return "", ()
    kind = features[name].WhichOneof("kind") or ""
    return kind, getattr(features[name], kind).value if kind else ()
