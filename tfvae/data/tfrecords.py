"""TFRecord files of tf.train.Example."""

import glob
import os
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfvae.data import decoding, manifest
from tfvae.data.dataset import Dataset, GroundTruthDataset
from tfvae.data.example_images import SHAPE_FEATURES, ExampleImages, parse_example
from tfvae.data.pixel_values import Range, checked_range
from tfvae.data.record_files import RecordFiles
from tfvae.data.splits import check_split, split_numbers


class TFRecords(Dataset):
    """Images from one feature of tf.train.Examples in uncompressed TFRecord files.

    The feature is an encoded image (PNG, JPEG, ...), H * W * C raw bytes, or H * W * C floats in
    `range`. The first record determines the kind and the shape of all images. Bytes and floats may
    be data of any other shape as well.

    A folder written by `trainers.prepare` is read through its manifest, and every file is verified
    first. It has the splits that were prepared; if the source had known factors, split "all" is a
    `GroundTruthDataset` as well.

    Example:
        photos = TFRecords("data/photos", split="train")         # prepared
        others = TFRecords("data/others-*.tfrecord", feature="image/encoded")

    Args:
        pattern: a prepared folder; else a path, a glob pattern ("data/train-*.tfrecord"), or a
            list of them.
        feature: name of the image feature.
        image_shape: shape of raw bytes or floats, such as (H, W, C); from `shape_features` if None.
        shape_features: names of the int64 features that together give (H, W, C).
        image_size: (H, W) to resize encoded images to, after a central crop to this aspect ratio.
        channels: 1 or 3, to convert encoded images; unchanged if None.
        split: "all", "train" or "test".
        test_fraction: fraction of the records for testing, if the files were not prepared with
            splits; the split is always the same.
        verify_checksums: whether to read the files of a prepared folder once and compare them with
            the manifest's checksums; if False, only file sizes are compared. The checksum of each
            record is always compared when it is read.
        range: the smallest and the largest valid float; None for any finite values.

    Raises:
        FileNotFoundError: if no file matches.
        ValueError: if a file is truncated or damaged, a record is not a tf.train.Example, or a
            feature is missing or has a wrong shape or values (file and record are named); if a
            folder is not fully prepared.
    """

    def __new__(cls, pattern, *args, split: str = "all", **kwargs):
        """Creates an instance of the ground-truth subclass if the manifest has factors."""
        prepared = _manifest(pattern) if cls is TFRecords and split == "all" else None
        return super().__new__(_Grid if prepared and prepared.factors else cls)

    def __init__(
        self,
        pattern: str | os.PathLike | Sequence[str | os.PathLike],
        feature: str = "image",
        *,
        image_shape: Sequence[int] | None = None,
        shape_features: Sequence[str] = SHAPE_FEATURES,
        image_size: Sequence[int] | None = None,
        channels: int | None = None,
        split: str = "all",
        test_fraction: float = 0.1,
        verify_checksums: bool = True,
        range: Range | None = (0.0, 1.0),
    ):
        check_split(split)
        self.range = checked_range(range)
        prepared = _manifest(pattern)
        arguments: dict[str, Any] = {
            "image_size": image_size,
            "channels": channels,
            "value_range": self.range,
        }
        if prepared is None:
            paths = _matching(pattern)
            arguments |= {"image_shape": image_shape, "shape_features": shape_features}
        else:
            directory = pathlib.Path(pattern)  # type: ignore[arg-type]
            shards = prepared.shards(split)
            manifest.verify(directory, shards, verify_checksums)
            paths = [str(directory / shard.file) for shard in shards]
            if prepared.encoding == "raw":
                arguments |= {"image_shape": prepared.shape, "checked": True}
            split = "all" if split in prepared.splits else split
        self._records = RecordFiles(paths)
        self._images = ExampleImages(feature, **arguments)
        self._numbers = split_numbers(self._records.num_records, split, test_fraction)
        self.num_examples = len(self._numbers)
        features = parse_example(self._records.read(0), self._records.name(0))
        self._encoded = self._images.is_encoded(features, self._records.name(0))
        first = self._image(0)
        self.image_shape, self._dtype = first.shape, first.dtype

    def raw(self, indices: tf.Tensor) -> tf.Tensor:
        """Returns images `indices` (int64 [n]), uint8 or float32 [n, H, W, C]."""
        return decoding.read_images(self._read, indices, self.image_shape, self._dtype)

    def _read(self, index: int) -> np.ndarray:
        number = int(self._numbers[index])
        image = self._image(number)
        if image.shape != self.image_shape:
            decoding.check_shape(image.shape, self.image_shape, self._records.name(number))
        if image.dtype != self._dtype:
            raise ValueError(
                f"{self._records.name(number)} holds {image.dtype} values; the first record holds "
                f"{self._dtype}: all must be of one kind"
            )
        return image

    def _image(self, number: int) -> np.ndarray:
        """Returns image `number`, [H, W, C]: uint8, or float32 in [0, 1]."""
        name = self._records.name(number)
        return self._images.image(
            parse_example(self._records.read(number), name), name, self._encoded
        )


class _Grid(TFRecords, GroundTruthDataset):
    """Prepared data with one image per combination of factors, in the order of the factors."""

    def __init__(self, pattern: str | os.PathLike, *args, **kwargs):
        super().__init__(pattern, *args, **kwargs)
        prepared = _manifest(pattern)
        assert prepared is not None  # checked in __new__
        self.factor_names = tuple(prepared.factors)
        self.factor_sizes = tuple(prepared.factors.values())


def _manifest(pattern) -> manifest.Manifest | None:
    """Returns the manifest of a prepared folder; None for files.

    Raises:
        ValueError: if a folder is not prepared, or only partly.
    """
    if not isinstance(pattern, str | os.PathLike) or not os.path.isdir(pattern):
        return None
    path = pathlib.Path(pattern) / manifest.MANIFEST_FILE
    if not path.is_file():
        if (path.with_name(manifest.PARTIAL_FILE)).is_file():
            raise ValueError(
                f"{pattern} is incomplete: its preparation was stopped; rerun the same "
                f"trainers.prepare command to finish it"
            )
        raise ValueError(
            f"pattern: {pattern} is a folder without a {manifest.MANIFEST_FILE}; give a folder "
            f"written by trainers.prepare, or a file pattern such as {path.with_name('*.tfrecord')}"
        )
    return manifest.read(path)


def _matching(pattern: str | os.PathLike | Sequence[str | os.PathLike]) -> list[str]:
    patterns = [pattern] if isinstance(pattern, str | os.PathLike) else list(pattern)
    paths: dict[str, str] = {}  # by the file itself: one matched twice would be in both splits
    for one in (os.fspath(pattern) for pattern in patterns):
        matching = [one] if os.path.isfile(one) else sorted(glob.glob(one))
        for path in matching:
            if os.path.islink(path) and not os.path.exists(path):
                raise FileNotFoundError(f"pattern: {path} is a broken link to {os.readlink(path)}")
        found = [path for path in matching if os.path.isfile(path)]
        if not found:
            raise FileNotFoundError(f"pattern: no file matches {one}")
        for path in found:
            paths.setdefault(os.path.realpath(path), path)
    return list(paths.values())
