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
from tfvae.data.record_files import RecordFiles
from tfvae.data.splits import check_split, split_numbers


class TFRecords(Dataset):
    """Images in one feature of the tf.train.Examples of uncompressed TFRecord files.

    The feature holds an encoded image (PNG, JPEG, ...), or H * W * C raw bytes, or H * W * C
    floats in [0, 1]. The first record says which, and what shape all images have.

    A folder that `trainers.prepare` wrote is read by its manifest, and every file is verified
    first. It has the splits that were prepared; where the data had known factors, all of it is a
    `GroundTruthDataset` again.

    Example:
        photos = TFRecords("data/photos", split="train")         # prepared
        others = TFRecords("data/others-*.tfrecord", feature="image/encoded")

    Args:
        pattern: a prepared folder; else a path, a glob pattern ("data/train-*.tfrecord"), or a
            list of them.
        feature: name of the feature that holds the image.
        image_shape: (H, W, C) of raw bytes or floats; from `shape_features` where None.
        shape_features: int64 features whose values in a row are (H, W, C).
        image_size: (H, W): the largest central part of an encoded image that has this aspect
            ratio is resized to it.
        channels: 1 or 3: what encoded images are converted to; as they are where None.
        split: "all", "train" or "test".
        test_fraction: fraction of the records for testing, drawn once and for all, where the
            files have no splits of their own.
        verify_checksums: whether files of a prepared folder are read once and compared with the
            manifest's checksums; else their sizes alone are. Every record's own checksum is
            compared whenever it is read.

    Raises:
        FileNotFoundError: where no file matches.
        ValueError: for a truncated or damaged file, a record that is no tf.train.Example, a
            missing feature, a wrong shape or wrong values, naming file and record; for a folder
            whose preparation is not finished.
    """

    def __new__(cls, pattern, *args, split: str = "all", **kwargs):
        """Makes an instance of the subclass with ground truth where the manifest has factors."""
        held = _manifest(pattern) if cls is TFRecords and split == "all" else None
        return super().__new__(_Grid if held and held.factors else cls)

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
    ):
        check_split(split)
        held = _manifest(pattern)
        arguments: dict[str, Any] = {"image_size": image_size, "channels": channels}
        if held is None:
            paths = _matching(pattern)
            arguments |= {"image_shape": image_shape, "shape_features": shape_features}
        else:
            directory = pathlib.Path(pattern)  # type: ignore[arg-type]
            shards = held.shards(split)
            manifest.verify(directory, shards, verify_checksums)
            paths = [str(directory / shard.file) for shard in shards]
            if held.encoding == "raw":
                arguments |= {"image_shape": held.shape, "checked": True}
            split = "all" if split in held.splits else split
        self._records = RecordFiles(paths)
        self._images = ExampleImages(feature, **arguments)
        self._numbers = split_numbers(self._records.num_records, split, test_fraction)
        self.num_examples = len(self._numbers)
        features = parse_example(self._records.read(0), self._records.name(0))
        self._encoded = self._images.is_encoded(features, self._records.name(0))
        self.image_shape = self._image(0).shape

    def gather(self, indices: tf.Tensor) -> tf.Tensor:
        """Returns images `indices` (int64 [n]) as float32 [n, H, W, C] in [0, 1]."""
        return decoding.read_images(self._read, indices, self.image_shape)

    def _read(self, index: int) -> np.ndarray:
        number = int(self._numbers[index])
        image = self._image(number)
        if image.shape != self.image_shape:
            decoding.check_shape(image.shape, self.image_shape, self._records.name(number))
        return image

    def _image(self, number: int) -> np.ndarray:
        """Image `number`, [H, W, C]: uint8, or float32 in [0, 1]."""
        name = self._records.name(number)
        return self._images.image(
            parse_example(self._records.read(number), name), name, self._encoded
        )


class _Grid(TFRecords, GroundTruthDataset):
    """Prepared data whose images are all combinations of factors, in the order of their factors."""

    def __init__(self, pattern: str | os.PathLike, *args, **kwargs):
        super().__init__(pattern, *args, **kwargs)
        held = _manifest(pattern)
        assert held is not None  # as it was a moment ago
        self.factor_names = tuple(held.factors)
        self.factor_sizes = tuple(held.factors.values())


def _manifest(pattern) -> manifest.Manifest | None:
    """The manifest of a prepared folder, None for files.

    Raises:
        ValueError: for a folder that is not prepared, or not wholly.
    """
    if not isinstance(pattern, str | os.PathLike) or not os.path.isdir(pattern):
        return None
    path = pathlib.Path(pattern) / manifest.MANIFEST_FILE
    if not path.is_file():
        if (path.with_name(manifest.PARTIAL_FILE)).is_file():
            raise ValueError(
                f"{pattern} is not whole: its preparation was stopped; the same trainers.prepare "
                f"command finishes it"
            )
        raise ValueError(
            f"pattern: {pattern} is a folder without a {manifest.MANIFEST_FILE}; give one that "
            f"trainers.prepare wrote, or a pattern of files such as {path.with_name('*.tfrecord')}"
        )
    return manifest.read(path)


def _matching(pattern: str | os.PathLike | Sequence[str | os.PathLike]) -> list[str]:
    patterns = [pattern] if isinstance(pattern, str | os.PathLike) else list(pattern)
    paths: list[str] = []
    for one in (os.fspath(pattern) for pattern in patterns):
        found = [one] if os.path.isfile(one) else sorted(filter(os.path.isfile, glob.glob(one)))
        if not found:
            raise FileNotFoundError(f"pattern: no file matches {one}")
        paths += found
    return list(dict.fromkeys(paths))  # a file matched twice would be in both splits
