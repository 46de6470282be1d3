"""The image in a tf.train.Example."""

import io
import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfvae.data import decoding
from tfvae.data.pixel_values import UNBOUNDED, Range, check_floats

SHAPE_FEATURES = ("height", "width", "depth")


def parse_example(record: bytes, name: str):
    """Parses a serialised tf.train.Example; returns its features by name.

    Raises:
        ValueError: if the bytes are not a tf.train.Example (`name` is used in the message).
    """
    from google.protobuf.message import DecodeError  # noqa: PLC0415

    try:
        return tf.train.Example.FromString(record).features.feature
    except DecodeError as error:
        raise ValueError(f"{name} is not a tf.train.Example: {error}") from error


class ExampleImages:
    """Reads images from one feature of tf.train.Examples.

    The feature is an encoded image (PNG, JPEG, ...), H * W * C raw bytes, or H * W * C floats in
    [0, 1].

    Args:
        feature: name of the feature.
        image_shape: (H, W, C) of raw bytes or floats; from `shape_features` if None.
        shape_features: names of the int64 features that together give (H, W, C).
        image_size: (H, W) to resize encoded images to, after a central crop to this aspect ratio.
        channels: 1 or 3, to convert encoded images; unchanged if None.
        checked: whether values were checked to be finite and in range when written.
        value_range: the smallest and the largest valid float; None for any finite values.

    Raises:
        ValueError: if `image_size` or `channels` is invalid.
    """

    def __init__(
        self,
        feature: str = "image",
        image_shape: Sequence[int] | None = None,
        shape_features: Sequence[str] = SHAPE_FEATURES,
        image_size: Sequence[int] | None = None,
        channels: int | None = None,
        checked: bool = False,
        value_range: Range | None = (0.0, 1.0),
    ):
        decoding.check_image_arguments(channels, image_size)
        self._feature = feature
        self._given_shape = None if image_shape is None else tuple(image_shape)
        self._shape_features = tuple(shape_features)
        self._options = (channels, image_size)
        self._checked = checked
        self._range = value_range

    def is_encoded(self, features, name: str) -> bool:
        """Returns whether an example has an encoded image (by its first bytes), not raw values.

        Raises:
            ValueError: if it has neither.
        """
        value = self._value(features, name)
        if self._given_shape is not None or value.WhichOneof("kind") != "bytes_list":
            return False
        try:
            decoding.encoded_shape(io.BytesIO(value.bytes_list.value[0]), "", None, None)
        except decoding.UnreadableImageError:
            return False
        return True

    def image(self, features, name: str, encoded: bool) -> np.ndarray:
        """Returns the image of an example, [H, W, C]: uint8 or float32.

        Args:
            features: features of the example, by name.
            name: name of the example in error messages.
            encoded: whether bytes are an encoded image.

        Raises:
            ValueError: if the feature is missing, or its shape or values are invalid.
        """
        value = self._value(features, name)
        if value.WhichOneof("kind") == "float_list":
            flat = np.array(value.float_list.value, np.float32)
        elif encoded:
            return decoding.decode(value.bytes_list.value[0], name, *self._options)
        else:
            flat = np.frombuffer(value.bytes_list.value[0], np.uint8)
        shape = self._given_shape or self._shape_of(features, name)
        size = math.prod(shape)
        if flat.size != size:
            raise ValueError(
                f"{name} has {flat.size} {'bytes' if flat.dtype == np.uint8 else 'floats'} in "
                f"feature {self._feature!r}; shape {list(shape)} needs {size}"
            )
        image = flat.reshape(shape)
        if flat.dtype != np.uint8 and not self._checked:
            check_floats(image[None], lambda _: name, self._range, UNBOUNDED)
        return image

    def _value(self, features, name: str):
        """Returns the image's feature: one byte string or a list of floats."""
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
                f"{name} has {found} in feature {self._feature!r}; an image must be one byte "
                f"string or a list of floats"
            )
        return value

    def _shape_of(self, features, name: str) -> tuple[int, ...]:
        """Returns the shape (H, W, C) from an example's shape features."""
        values = [
            value
            for feature in self._shape_features
            if feature in features
            for value in features[feature].int64_list.value
        ]
        if len(values) != 3:
            raise ValueError(
                f"{name} has no encoded image in feature {self._feature!r}, so its shape is "
                f"needed: pass image_shape=(H, W, C), or shape_features= the names of the int64 "
                f"features with H, W and C (looked for {', '.join(self._shape_features)}; "
                f"found {', '.join(sorted(features))})"
            )
        return tuple(values)
