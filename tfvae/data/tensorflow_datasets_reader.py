"""Data sets from TensorFlow Datasets (needs the extra `datasets`)."""

import functools
import math
import os
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfvae.data import decoding
from tfvae.data.dataset import Dataset, GroundTruthDataset
from tfvae.data.example_images import parse_example
from tfvae.data.record_files import RecordFiles
from tfvae.data.splits import SPLITS, check_split, split_numbers

# Data sets with exactly one image per combination of some labels: factor -> label, in the
# published order, the last varying fastest.
_GRIDS = {
    "dsprites": {
        "shape": "label_shape",
        "scale": "label_scale",
        "orientation": "label_orientation",
        "position_x": "label_x_position",
        "position_y": "label_y_position",
    },
    "shapes3d": {
        "floor_hue": "label_floor_hue",
        "wall_hue": "label_wall_hue",
        "object_hue": "label_object_hue",
        "scale": "label_scale",
        "shape": "label_shape",
        "orientation": "label_orientation",
    },
    "smallnorb": {
        "category": "label_category",
        "instance": "label_instance",
        "elevation": "label_elevation",
        "azimuth": "label_azimuth",
        "lighting": "label_lighting",
    },
}
# The value of white, if it is not 255.
_WHITE = {"dsprites": 1}


class TensorFlowDatasets(Dataset):
    """The images and labels of a data set in TensorFlow Datasets.

    The data are downloaded and prepared if needed. With split "all", dsprites, shapes3d and
    smallnorb are a `GroundTruthDataset`, since their images are all combinations of their factors;
    so is any other such data set if `factors` is given.

    Example:
        data = TensorFlowDatasets("shapes3d")
        data.factor_sizes                       # (10, 10, 10, 8, 4, 15)
        faces = TensorFlowDatasets("celeb_a", split="train", image_size=(64, 64))
        faces.labels["attributes/Smiling"]      # [162770]

    Args:
        name: name for `tfds.builder`: "mnist", "shapes3d:2.0.0", "my_data/config".
        split: one of the data set's splits, or "all" for all of them together. A data set with
            only one split is divided into "train" and "test" by `test_fraction`.
        data_dir: directory of TensorFlow Datasets; its default if None.
        image_feature: name of the image feature.
        image_size: (H, W) to resize the images to, after a central crop to this aspect ratio.
        factors: labels to use as factors, the last varying fastest; the images must be all their
            combinations.
        test_fraction: fraction of the images for testing; the split is always the same.

    Attributes:
        labels: every scalar feature by name, [num_examples] each.

    Raises:
        ImportError: if tensorflow_datasets is not installed.
        ValueError: if the split is unknown, the data are not TFRecords, images are not 8-bit or
            have several sizes without `image_size`, a file is damaged (it is named), or the
            images are not all combinations of `factors`.
    """

    def __new__(cls, name: str, split: str = "all", *, factors=None, **kwargs):
        """Creates an instance of the ground-truth subclass if the factors are known."""
        is_grid = factors is not None or (_base_name(name) in _GRIDS and split == "all")
        return super().__new__(_Grid if is_grid and cls is TensorFlowDatasets else cls)

    def __init__(
        self,
        name: str,
        split: str = "all",
        *,
        data_dir: str | os.PathLike | None = None,
        image_feature: str = "image",
        image_size: Sequence[int] | None = None,
        factors: Sequence[str] | None = None,
        test_fraction: float = 0.1,
    ):
        decoding.check_image_arguments(None, image_size)
        info = _prepared(name, data_dir)
        self._name = name
        self._features = info.features
        self._image_feature = image_feature
        self._image_size = None if image_size is None else tuple(image_size)
        self._paths, has_own_splits = _files_of_split(info, split)
        self.image_shape = self._find_image_shape()
        self._records = RecordFiles(self._paths)
        self._numbers = split_numbers(
            self._records.num_records, "all" if has_own_splits else split, test_fraction
        )
        self.num_examples = len(self._numbers)

    def raw(self, indices: tf.Tensor) -> tf.Tensor:
        """Returns images `indices` (int64 [n]), uint8 [n, H, W, C]."""
        return decoding.read_images(self._read, indices, self.image_shape)

    @functools.cached_property
    def labels(self) -> dict[str, np.ndarray]:
        """Every scalar feature by name ("attributes/Smiling" within another), [N] each."""
        numeric = (tf.int64, tf.float32)
        scalars = {
            name: feature
            for name, feature in sorted(self._features.tf_example_spec.items())
            if isinstance(feature, tf.io.FixedLenFeature)
            and feature.dtype in numeric
            and not feature.shape
        }
        if not scalars:
            return {}
        batches = tf.data.TFRecordDataset(self._paths).batch(4096)
        parsed = batches.map(lambda batch: tf.io.parse_example(batch, scalars))
        columns = list(parsed.as_numpy_iterator())
        return {
            name: np.concatenate([column[name] for column in columns])[self._numbers]
            for name in scalars
        }

    def _read(self, index: int) -> np.ndarray:
        number = int(self._numbers[index])
        name = self._records.name(number)
        features = parse_example(self._records.read(number), name)
        encoded = features[self._image_feature].bytes_list.value[0]
        white = _WHITE.get(_base_name(self._name), 255)
        channels = self.image_shape[-1]
        image = decoding.decode(encoded, name, channels, self._image_size, white)
        decoding.check_shape(image.shape, self.image_shape, name)
        return image

    def _find_image_shape(self) -> tuple[int, ...]:
        """Returns the shape (H, W, C) of the decoded images."""
        features, feature = self._features, self._image_feature
        if feature not in features:
            raise ValueError(
                f"{self._name} has no feature {feature!r}; pass image_feature= one of "
                f"{', '.join(features)}"
            )
        shape = features[feature].shape
        dtype = np.dtype(features[feature].np_dtype)
        if dtype != np.uint8 or len(shape) != 3 or shape[-1] not in (1, 3):
            raise ValueError(
                f"feature {feature!r} of {self._name} is {dtype.name} {list(shape)}; it must be an "
                f"8-bit image with 1 or 3 channels"
            )
        height, width = self._image_size or shape[:2]
        if height is None or width is None:
            raise ValueError(
                f"the images of {self._name} have several sizes; pass image_size=(height, width)"
            )
        return height, width, shape[-1]


class _Grid(TensorFlowDatasets, GroundTruthDataset):
    """Data with one image per combination of factors, in the order of the factors."""

    def __init__(
        self,
        name: str,
        split: str = "all",
        *,
        factors: Sequence[str] | None = None,
        **kwargs,
    ):
        if split != "all":
            raise ValueError(f"split is {split!r}; with factors it must be 'all', the whole grid")
        super().__init__(name, split, factors=factors, **kwargs)
        known = _GRIDS.get(_base_name(name), {})
        names = known if factors is None else {factor: factor for factor in factors}
        missing = [label for label in names.values() if label not in self.labels]
        if missing:
            raise ValueError(
                f"{name} has no label {', '.join(missing)}; factors must be among "
                f"{', '.join(self.labels)}"
            )
        # A value is the label's rank among those that occur: smallNORB's are not always 0, 1, ...
        places = [np.unique(self.labels[label], return_inverse=True) for label in names.values()]
        self.factor_names = tuple(names)
        self.factor_sizes = tuple(len(values) for values, _ in places)
        numbers = np.stack([place for _, place in places])
        occurring = len(np.unique(numbers, axis=1).T)
        grid_size = math.prod(self.factor_sizes)
        if not grid_size == self.num_examples == occurring:
            sizes = " x ".join(f"{k} {n}" for n, k in zip(names, self.factor_sizes, strict=True))
            raise ValueError(
                f"the {self.num_examples} images of {name} are not all combinations of its "
                f"factors, each once: {sizes} are {grid_size} ({occurring} occur). Without "
                f"factors=, metrics on codes take the labels as factors; continuous ones in bins, "
                f"by tfvae.metrics.bin_factors"
            )
        order = np.argsort(np.ravel_multi_index(tuple(numbers), self.factor_sizes))
        self._numbers = self._numbers[order]
        self.labels = {label: column[order] for label, column in self.labels.items()}


def _base_name(name: str) -> str:
    return re.split("[:/]", name, maxsplit=1)[0]


def _prepared(name: str, data_dir: str | os.PathLike | None) -> Any:
    """Prepares a data set if needed; returns its `tfds.core.DatasetInfo`."""
    try:
        import tensorflow_datasets as tfds  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(
            "TensorFlowDatasets needs the package tensorflow_datasets: install tfvae[datasets]"
        ) from error
    builder = tfds.builder(name, data_dir=data_dir and os.fspath(data_dir))
    try:
        builder.download_and_prepare()
    except Exception as error:
        error.add_note(
            f"{name} is not prepared under {builder.data_dir}, and preparing it failed. Prepare "
            f"it on a machine with network access, and pass data_dir= the directory with {name}"
        )
        raise
    if builder.info.file_format.value != "tfrecord":
        raise ValueError(
            f"{name} is stored as {builder.info.file_format.value}; prepare it as TFRecords: "
            f"tfds.builder({name!r}, file_format='tfrecord').download_and_prepare()"
        )
    return builder.info


def _files_of_split(info: Any, split: str) -> tuple[list[str], bool]:
    """Returns the files of a split, and whether the data set itself defines this split."""
    own = list(info.splits)
    if len(own) == 1 and split in SPLITS:
        return [os.fspath(path) for path in info.splits[own[0]].filepaths], False
    check_split(split, list(dict.fromkeys([*SPLITS, *own] if len(own) == 1 else ["all", *own])))
    names = own if split == "all" else [split]
    return [os.fspath(path) for name in names for path in info.splits[name].filepaths], True
