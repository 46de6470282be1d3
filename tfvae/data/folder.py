"""A folder of images."""

import collections
import os
import pathlib
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import tensorflow as tf

from tfvae.data import decoding
from tfvae.data.dataset import Dataset
from tfvae.data.splits import split_numbers

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")


class ImageFolder(Dataset):
    """The 8-bit images in a folder and its subfolders, sorted by path.

    Every header is read at construction, so that an invalid file is reported before training; the
    images themselves are read when needed, and turned upright by their EXIF orientation. Hidden
    files and other suffixes are ignored. Links are followed; a folder that several links or a
    cycle of links lead to is read once.

    Args:
        path: the folder.
        image_size: (H, W) to resize the images to, after a central crop to this aspect ratio. If
            None, all images must have the same size.
        channels: 1 (grey) or 3 (red, green, blue); unchanged if None.
        split: "all", "train" or "test".
        test_fraction: fraction of the images for testing; the split is always the same.
        skip_unreadable: if True, skips images that cannot be decoded and broken links, with one
            warning, instead of raising. Every image is then decoded once at construction.
        crop_size: (H, W) of a central crop before resizing; no crop if None.
        in_memory: if True, caches decoded images, N * H * W * C bytes in total: decoding large
            files takes longer than training on them.

    Attributes:
        paths: the files of the split, one per image.
        unreadable: the skipped files of all splits.
        num_unreadable: number of skipped files.

    Raises:
        FileNotFoundError: if the folder does not exist or has no images.
        UnreadableImageError: if an image cannot be decoded, or a link is broken (it is named).
        ValueError: if images have several shapes (one of each is named), one is smaller than
            `crop_size` (it is named), or an argument is invalid.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        image_size: Sequence[int] | None = None,
        channels: int | None = None,
        split: str = "all",
        test_fraction: float = 0.1,
        skip_unreadable: bool = False,
        crop_size: Sequence[int] | None = None,
        in_memory: bool = False,
    ):
        if not os.fspath(path):  # pathlib would read it as the current directory
            raise ValueError("path is empty; give the folder of the images")
        decoding.check_image_arguments(channels, image_size, crop_size)
        self._options: dict[str, Any] = {
            "channels": channels,
            "image_size": image_size,
            "crop_size": crop_size,
        }
        paths = _image_paths(pathlib.Path(path))
        self.unreadable: list[pathlib.Path] = []
        if skip_unreadable:
            paths, self.unreadable = _readable(paths, self._decode)
        self.num_unreadable = len(self.unreadable)
        if self.num_unreadable:
            warnings.warn(
                f"{self.num_unreadable} of {len(paths) + self.num_unreadable} images in {path} "
                f"cannot be read and are skipped; the first is {self.unreadable[0]}",
                stacklevel=2,
            )
        if not paths:
            raise decoding.UnreadableImageError(f"no image in {path} can be read")
        self.image_shape = _common_shape(paths, self._options)
        self.paths = [paths[i] for i in split_numbers(len(paths), split, test_fraction)]
        self.num_examples = len(self.paths)
        self._in_memory = in_memory
        self._kept: dict[int, np.ndarray] = {}

    def raw(self, indices: tf.Tensor) -> tf.Tensor:
        """Returns images `indices` (int64 [n]), uint8 [n, H, W, C]."""
        return decoding.read_images(self._read, indices, self.image_shape)

    def _read(self, number: int) -> np.ndarray:
        if number in self._kept:
            return self._kept[number]
        image = self._decode(self.paths[number])
        decoding.check_shape(image.shape, self.image_shape, str(self.paths[number]))
        if self._in_memory:
            self._kept[number] = image
        return image

    def _decode(self, path: pathlib.Path) -> np.ndarray:
        _check_link(path)
        return decoding.decode(path.read_bytes(), str(path), **self._options)


def _image_paths(folder: pathlib.Path) -> list[pathlib.Path]:
    if not folder.is_dir():
        raise FileNotFoundError(f"path: there is no folder {folder}")
    paths = _files(folder)
    if not paths:
        raise FileNotFoundError(
            f"path: {folder} has no image in it (no file that ends in {', '.join(IMAGE_SUFFIXES)})"
        )
    return paths


def _files(folder: pathlib.Path) -> list[pathlib.Path]:
    """Returns the images, and the broken links that may be images or folders, sorted by path."""
    visited: set[tuple[int, int]] = set()
    found: list[pathlib.Path] = []
    folders = collections.deque([folder])
    while folders:
        current = folders.popleft()
        status = current.stat()
        if (status.st_dev, status.st_ino) in visited:
            continue
        visited.add((status.st_dev, status.st_ino))
        for path in sorted(current.iterdir()):
            if path.name.startswith("."):
                continue
            if path.is_dir():
                # Links last, so that a folder has the name without links if there is one.
                (folders.append if path.is_symlink() else folders.appendleft)(path)
            elif path.suffix.lower() in IMAGE_SUFFIXES or (not path.suffix and _is_broken(path)):
                found.append(path)
    return sorted(found)


def _is_broken(path: pathlib.Path) -> bool:
    return path.is_symlink() and not path.exists()


def _check_link(path: pathlib.Path) -> None:
    if _is_broken(path):
        raise decoding.UnreadableImageError(
            f"{path} is a broken link to {os.readlink(path)}; remove it, or pass "
            f"skip_unreadable=True"
        )


def _readable(
    paths: list[pathlib.Path], decode: Callable[[pathlib.Path], np.ndarray]
) -> tuple[list[pathlib.Path], list[pathlib.Path]]:
    """Splits the paths into readable and unreadable images."""

    def is_readable(path: pathlib.Path) -> bool:
        try:
            decode(path)
        except decoding.UnreadableImageError:
            return False
        return True

    with ThreadPoolExecutor() as threads:
        readable = list(threads.map(is_readable, paths))
    unreadable = [path for path, good in zip(paths, readable, strict=True) if not good]
    return [path for path, good in zip(paths, readable, strict=True) if good], unreadable


def _common_shape(paths: list[pathlib.Path], options: dict[str, Any]) -> tuple[int, int, int]:
    """Returns the shape (H, W, C) that all images share, from their headers."""
    needed = None
    for path in paths:
        _check_link(path)
        with path.open("rb") as stream:
            shape = decoding.encoded_shape(stream, str(path), **options)
        needed = needed or shape
        decoding.check_shape(shape, needed, str(path))
    assert needed is not None
    return needed
