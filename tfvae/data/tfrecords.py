"""TFRecord files of tf.train.Example."""

import glob
import io
import os
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfvae.data import decoding
from tfvae.data.dataset import Dataset
from tfvae.data.pixel_values import check_float_images
from tfvae.data.record_files import RecordFiles
from tfvae.data.splits import split_numbers


class TFRecords(Dataset):
    """Images in one feature of the tf.train.Examples of uncompressed TFRecord files.

    The feature holds an encoded image (PNG, JPEG, ...), or H * W * C raw bytes, or H * W * C
    floats in [0, 1]. The first record says which, and what shape all images have.

    Args:
        pattern: a path, a glob pattern ("data/train-*.tfrecord"), or a list of them.
        feature: name of the feature that holds the image.
        image_shape: (H, W, C) of raw bytes or floats; from `shape_features` where None.
        shape_features: int64 features whose values in a row are (H, W, C).
        image_size: (H, W): the largest central part of an encoded image that has this aspect
            ratio is resized to it.
        channels: 1 or 3: what encoded images are converted to; as they are where None.
        split: "all", "train" or "test".
        test_fraction: fraction of the records for testing, drawn once and for all.

    Raises:
        FileNotFoundError: where no file matches.
        ValueError: for a truncated or damaged file, a record that is no tf.train.Example, a
            missing feature, a wrong shape or wrong values, naming file and record.
    """

    def __init__(
        self,
        pattern: str | os.PathLike | Sequence[str | os.PathLike],
        feature: str = "image",
        image_shape: Sequence[int] | None = None,
        shape_features: Sequence[str] = ("height", "width", "depth"),
        image_size: Sequence[int] | None = None,
        channels: int | None = None,
        split: str = "all",
        test_fraction: float = 0.1,
    ):
        decoding.check_image_arguments(channels, image_size)
        self._records = RecordFiles(_matching(pattern))
        self._feature = feature
        self._options = (channels, image_size)
        self._given_shape = None if image_shape is None else tuple(image_shape)
        self._shape_features = tuple(shape_features)
        self._numbers = split_numbers(self._records.num_records, split, test_fraction)
        self.num_examples = len(self._numbers)
        self._encoded = False
        self._encoded = self._is_encoded(0)
        self.image_shape = self._image(0).shape

    def gather(self, indices: tf.Tensor) -> tf.Tensor:
        """Returns images `indices` (int64 [n]) as float32 [n, H, W, C] in [0, 1]."""
        return decoding.read_images(self._read, indices, self.image_shape)

    def _read(self, index: int) -> np.ndarray:
        number = int(self._numbers[index])
        image = self._image(number)
        decoding.check_shape(image.shape, self.image_shape, self._records.name(number))
        return image

    def _is_encoded(self, number: int) -> bool:
        value, _ = self._example(number)
        if self._given_shape is not None or value.WhichOneof("kind") != "bytes_list":
            return False
        try:
            decoding.encoded_shape(io.BytesIO(value.bytes_list.value[0]), "", None, None)
        except decoding.UnreadableImageError:
            return False
        return True

    def _image(self, number: int) -> np.ndarray:
        """Image `number`, [H, W, C]: uint8, or float32 in [0, 1]."""
        name = self._records.name(number)
        value, features = self._example(number)
        if value.WhichOneof("kind") == "float_list":
            flat = np.array(value.float_list.value, np.float32)
        elif self._encoded:
            return decoding.decode(value.bytes_list.value[0], name, *self._options)
        else:
            flat = np.frombuffer(value.bytes_list.value[0], np.uint8)
        shape = self._given_shape or self._shape_of(features, name)
        if flat.size != np.prod(shape):
            raise ValueError(
                f"{name} has {flat.size} {'bytes' if flat.dtype == np.uint8 else 'floats'} in "
                f"feature {self._feature!r}; shape {list(shape)} needs {np.prod(shape)}"
            )
        image = flat.reshape(shape)
        if flat.dtype != np.uint8:
            check_float_images(image[None], lambda _: name)
        return image

    def _example(self, number: int):
        """The image's feature of a record, and all its features, by name."""
        features = parse_example(self._records, number)
        name = self._records.name(number)
        if self._feature not in features:
            raise ValueError(
                f"{name} has no feature {self._feature!r}; pass feature= one of "
                f"{', '.join(sorted(features)) or '(it has none)'}"
            )
        value = features[self._feature]
        kind = value.WhichOneof("kind")
        num_bytes = len(value.bytes_list.value)
        if kind not in ("bytes_list", "float_list") or (kind == "bytes_list" and num_bytes != 1):
            found = f"{num_bytes} byte strings" if kind == "bytes_list" else kind or "nothing"
            raise ValueError(
                f"{name} holds {found} in feature {self._feature!r}; an image is one byte string "
                f"or a list of floats"
            )
        return value, features

    def _shape_of(self, features, name: str) -> tuple[int, ...]:
        """The shape that a record's shape features say, (H, W, C)."""
        values = [
            value
            for feature in self._shape_features
            if feature in features
            for value in features[feature].int64_list.value
        ]
        if len(values) != 3:
            raise ValueError(
                f"{name} holds no encoded image in feature {self._feature!r}, so its shape is "
                f"needed: pass image_shape=(H, W, C), or shape_features= the names of int64 "
                f"features that hold H, W and C (looked for {', '.join(self._shape_features)}; "
                f"found {', '.join(sorted(features))})"
            )
        return tuple(values)


def parse_example(records: RecordFiles, number: int):
    """Returns the features of a record, by name.

    Raises:
        ValueError: for a damaged record, or one that is no tf.train.Example (named).
    """
    from google.protobuf.message import DecodeError  # noqa: PLC0415

    try:
        return tf.train.Example.FromString(records.read(number)).features.feature
    except DecodeError as error:
        raise ValueError(f"{records.name(number)} is not a tf.train.Example: {error}") from error


def _matching(pattern: str | os.PathLike | Sequence[str | os.PathLike]) -> list[str]:
    patterns = [pattern] if isinstance(pattern, str | os.PathLike) else list(pattern)
    paths: list[str] = []
    for one in (os.fspath(pattern) for pattern in patterns):
        found = [one] if os.path.isfile(one) else sorted(filter(os.path.isfile, glob.glob(one)))
        if not found:
            raise FileNotFoundError(f"pattern: no file matches {one}")
        paths += found
    return list(dict.fromkeys(paths))  # a file matched twice would be in both splits
