"""Decodes images (PNG, JPEG, ...) to arrays, with errors that name the image."""

import contextlib
import io
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import tensorflow as tf

# Formats with a signature in their first bytes; others would accept arbitrary bytes.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
_CHANNELS = {"1": 1, "L": 1, "LA": 1, "P": 3, "RGB": 3, "RGBA": 3, "CMYK": 3, "YCbCr": 3}
_MODES = {1: "L", 3: "RGB"}
_ORIENTATION = 0x0112  # EXIF tag
_TURNED = (5, 6, 7, 8)  # orientations of images that were stored on their side
# What Pillow raises for damaged files and damaged EXIF data.
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error)


class UnreadableImageError(ValueError):
    """An image that cannot be decoded; the message names it."""


def check_image_arguments(
    channels: int | None,
    image_size: Sequence[int] | None,
    crop_size: Sequence[int] | None = None,
) -> None:
    """Raises ValueError unless `channels` is 1, 3 or None and sizes are (H, W)."""
    if channels not in (None, 1, 3):
        raise ValueError(f"channels is {channels}; it must be 1, 3 or None (unchanged)")
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
    """Returns the shape (H, W, C) of the image that `decode` returns, from the header alone.

    Takes the arguments of `decode`, with `stream` instead of bytes, and raises its errors.
    """
    image = _open(stream, name)
    width, height = _upright_size(image)
    if crop_size is not None:
        _central_box((width, height), crop_size, name)
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
    """Decodes an image to uint8 [H, W, C], upright by its EXIF orientation; drops transparency.

    Args:
        encoded: bytes of an 8-bit PNG, JPEG, BMP, GIF, WebP, TIFF or PPM.
        name: name of the image in error messages.
        channels: 1 (grey) or 3 (red, green, blue); unchanged if None.
        image_size: (H, W) to resize the image to, after a central crop to this aspect ratio;
            unchanged if None.
        white: the largest stored value, which is scaled to 255.
        crop_size: (H, W) of a central crop before resizing; no crop if None.

    Raises:
        UnreadableImageError: if the bytes are not such an image, or are truncated.
        ValueError: if a value is above `white`, or the image is smaller than `crop_size`.
    """
    from PIL import Image, ImageOps  # noqa: PLC0415

    image = _open(io.BytesIO(encoded), name)
    try:
        image.load()
        with contextlib.suppress(*_DAMAGE):  # viewers show images with damaged EXIF data as stored
            ImageOps.exif_transpose(image, in_place=True)
        image = image.convert(_MODES[channels or _CHANNELS[image.mode]])
    except _DAMAGE as error:
        raise UnreadableImageError(f"{name} cannot be decoded: {error}") from error
    if crop_size is not None:
        image = image.crop(_central_box(image.size, crop_size, name))
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
    """Raises ValueError if an image has another shape than the first one."""
    if tuple(found) != tuple(needed):
        raise ValueError(
            f"{name} has shape {list(found)}; it must be {list(needed)}, the first image's shape. "
            f"Pass image_size=(height, width) to resize encoded images, channels=1 or 3 to convert"
        )


def read_images(
    read: Callable[[int], np.ndarray],
    numbers: tf.Tensor,
    image_shape: Sequence[int],
    dtype: npt.DTypeLike = np.uint8,
) -> tf.Tensor:
    """Returns images read one by one in Python, [n, H, W, C].

    Args:
        read: gives image number i, [H, W, C], of `dtype`.
        numbers: int64 [n].
        image_shape: (H, W, C).
        dtype: of the images.
    """

    def batch(numbers: np.ndarray) -> np.ndarray:
        images = np.empty((len(numbers), *image_shape), dtype)
        for row, number in enumerate(numbers):
            images[row] = read(int(number))
        return images

    images = tf.numpy_function(batch, [numbers], tf.as_dtype(dtype), stateful=False)
    return tf.ensure_shape(images, [None, *image_shape])


def _central_box(
    found: tuple[int, int], size: Sequence[int], name: str
) -> tuple[int, int, int, int]:
    """Returns the box of the central crop: left, top, right, bottom.

    Args:
        found: (W, H) of the image.
        size: (H, W) of the crop.
        name: name of the image in error messages.
    """
    (found_width, found_height), (height, width) = found, size
    if width > found_width or height > found_height:
        raise ValueError(
            f"crop_size is {tuple(size)}; {name} has only {found_height} x {found_width} pixels"
        )
    left, top = (found_width - width) // 2, (found_height - height) // 2
    return left, top, left + width, top + height


def _open(stream: BinaryIO, name: str):
    from PIL import Image  # noqa: PLC0415

    try:
        image = Image.open(stream, formats=_FORMATS)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadableImageError(
            f"{name} cannot be decoded: its format is not one of {', '.join(_FORMATS)}"
        ) from error
    if image.mode not in _CHANNELS or _has_more_than_8_bits(image):
        depth = " of more than 8 bits" if image.mode in _CHANNELS else ""
        raise UnreadableImageError(
            f"{name} has pixel mode {image.mode}{depth}; 8-bit grey or colour is needed. Convert "
            f"it first, or read an array of the values / 65535 with tfvae.data.Arrays"
        )
    return image


def _upright_size(image) -> tuple[int, int]:
    """Returns (W, H) of the upright image, from the header."""
    from PIL import Image  # noqa: PLC0415

    if image.format == "TIFF":  # Pillow reads these upright
        return image.size
    orientation = None
    with contextlib.suppress(*_DAMAGE):
        # The base class's method, because that of PNG decodes images without EXIF data.
        orientation = Image.Image.getexif(image).get(_ORIENTATION)
    return image.size[::-1] if orientation in _TURNED else image.size


def _has_more_than_8_bits(image) -> bool:
    """Returns whether a file stores more than 8 bits per value, which Pillow cuts in colour."""
    for tile in image.tile:
        arguments = tile[3] if isinstance(tile[3], tuple) else (tile[3],)
        if any(isinstance(argument, str) and ";16" in argument for argument in arguments):
            return True
        if tile[0].startswith("ppm") and arguments[1] > 255:
            return True
    return False
