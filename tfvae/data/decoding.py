"""Encoded images (PNG, JPEG, ...) as arrays, with errors that name the image."""

import io
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import BinaryIO

import numpy as np
import tensorflow as tf

from tfvae.data.pixel_values import SCALE_8_BIT

# Formats told by their first bytes alone; others would take arbitrary bytes for an image.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
_CHANNELS = {"1": 1, "L": 1, "LA": 1, "P": 3, "RGB": 3, "RGBA": 3, "CMYK": 3, "YCbCr": 3}
_MODES = {1: "L", 3: "RGB"}


class UnreadableImageError(ValueError):
    """An image that cannot be decoded; the message names it."""


def check_image_arguments(
    channels: int | None,
    image_size: Sequence[int] | None,
    crop_size: Sequence[int] | None = None,
) -> None:
    """Raises ValueError for `channels` other than 1 or 3, or a size other than (H, W)."""
    if channels not in (None, 1, 3):
        raise ValueError(f"channels is {channels}; it must be 1, 3 or None (as the images are)")
    for argument, size in (("image_size", image_size), ("crop_size", crop_size)):
        if size is not None and (len(size) != 2 or min(size) < 1):
            raise ValueError(f"{argument} is {size}; it must be (height, width) in pixels")


def encoded_shape(
    stream: BinaryIO,
    name: str,
    channels: int | None,
    image_size: Sequence[int] | None,
    crop_size: Sequence[int] | None = None,
) -> tuple[int, int, int]:
    """Returns the shape that `decode` gives, (H, W, C), from the header alone.

    The arguments and errors are those of `decode`, but for the bytes being in `stream`.
    """
    image = _open(stream, name)
    width, height = image.size
    if crop_size is not None:
        _central_box(image, crop_size, name)
        height, width = crop_size
    if image_size is not None:
        height, width = image_size
    return height, width, channels or _CHANNELS[image.mode]


def decode(
    encoded: bytes,
    name: str,
    channels: int | None,
    image_size: Sequence[int] | None,
    white: int = 255,
    crop_size: Sequence[int] | None = None,
) -> np.ndarray:
    """Returns an image, uint8 [H, W, C]; transparency is dropped.

    Args:
        encoded: bytes of an 8-bit PNG, JPEG, BMP, GIF, WebP, TIFF or PPM.
        name: what errors call it.
        channels: 1 (grey) or 3 (red, green, blue); as the image is where None.
        image_size: (H, W): the largest central part of this aspect ratio is resized to it; as
            the image is where None.
        white: the largest value that was stored, which becomes 255.
        crop_size: (H, W) of the central part that is looked at, before any resizing; all where
            None.

    Raises:
        UnreadableImageError: for bytes that are not such an image, or not all of one.
        ValueError: for a value above `white`, or an image smaller than `crop_size`.
    """
    from PIL import Image, ImageOps  # noqa: PLC0415

    image = _open(io.BytesIO(encoded), name)
    try:
        image = image.convert(_MODES[channels or _CHANNELS[image.mode]])
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error) as error:
        raise UnreadableImageError(f"{name} cannot be decoded: {error}") from error
    if crop_size is not None:
        image = image.crop(_central_box(image, crop_size, name))
    if white != 255:
        largest = np.max(image)
        if largest > white:
            raise ValueError(f"{name} has value {largest}; the largest one should be {white}")
        image = image.point(lambda value: value * 255 // white)
    if image_size is not None and image.size[::-1] != tuple(image_size):
        size = (image_size[1], image_size[0])
        image = ImageOps.fit(image, size, Image.Resampling.BILINEAR)
    array = np.asarray(image)
    return array[:, :, None] if array.ndim == 2 else array


def check_shape(found: Sequence[int], needed: Sequence[int], name: str) -> None:
    """Raises ValueError where an image has another shape than the first one."""
    if tuple(found) != tuple(needed):
        raise ValueError(
            f"{name} has shape {list(found)}; {list(needed)} is needed, as the first image has it. "
            f"Pass image_size=(height, width) to resize encoded images, channels=1 or 3 to convert"
        )


def read_images(
    read: Callable[[int], np.ndarray], numbers: tf.Tensor, image_shape: Sequence[int]
) -> tf.Tensor:
    """Returns images read one by one in Python, float32 [n, H, W, C].

    Args:
        read: gives image number i, [H, W, C]: uint8, to be scaled to [0, 1], or float32.
        numbers: int64 [n].
        image_shape: (H, W, C).
    """

    def batch(numbers: np.ndarray) -> np.ndarray:
        images = np.empty((len(numbers), *image_shape), np.float32)
        for row, number in enumerate(numbers):
            image = read(int(number))
            scale = SCALE_8_BIT if image.dtype == np.uint8 else np.float32(1)
            np.multiply(image, scale, out=images[row])
        return images

    images = tf.numpy_function(batch, [numbers], tf.float32, stateful=False)
    return tf.ensure_shape(images, [None, *image_shape])


def _central_box(image, size: Sequence[int], name: str) -> tuple[int, int, int, int]:
    """The central part (H, W) of an image: left, top, right and bottom."""
    height, width = size
    if width > image.width or height > image.height:
        raise ValueError(
            f"crop_size is {tuple(size)}; {name} has only {image.height} x {image.width} pixels"
        )
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return left, top, left + width, top + height


def _open(stream: BinaryIO, name: str):
    from PIL import Image  # noqa: PLC0415

    try:
        image = Image.open(stream, formats=_FORMATS)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadableImageError(
            f"{name} cannot be decoded: it is no image of a known format ({', '.join(_FORMATS)})"
        ) from error
    if image.mode not in _CHANNELS:
        raise UnreadableImageError(
            f"{name} has pixel mode {image.mode}; 8-bit grey or colour is needed. Convert it first"
        )
    return image
