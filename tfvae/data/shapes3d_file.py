"""3D Shapes from the published file."""

import os
import pathlib

import numpy as np
import tensorflow as tf

from storage import atomic
from tfvae.data import decoding
from tfvae.data.dataset import GroundTruthDataset
from tfvae.data.published_grid import check_grid, existing_file
from tfvae.data.shapes3d import Shapes3D

_NAME = "3dshapes.h5"
_ORIGIN = "https://storage.googleapis.com/3d-shapes/3dshapes.h5"


class Shapes3DFile(GroundTruthDataset):
    """The images of the 3D Shapes file (Burgess & Kim 2018), float32 [64, 64, 3].

    The same factors in the same order as `Shapes3D`, which renders similar images without a file.

    The file is compressed in blocks of thousands of images, and reading one image decompresses its
    blocks: half a second in the layout that h5py chooses. For training, pass `unpacked=True`,
    which unpacks the file once, in a few minutes.

    Args:
        path: `3dshapes.h5`.
        unpacked: if True, reads the images from `3dshapes.npy` in the same folder, which is
            written first if it is missing or older: 5.9 GB on disk, none in memory.

    Raises:
        FileNotFoundError: if the file does not exist (the message says where to get it).
        ValueError: if the file cannot be read, an array is missing or has another shape, or the
            images are not all combinations of their factors in order.
    """

    factor_names = Shapes3D.factor_names

    def __init__(self, path: str | os.PathLike, unpacked: bool = False):
        file = existing_file(path, _NAME, _ORIGIN)
        images, labels = _arrays(file)
        classes = [np.unique(column, return_inverse=True)[1] for column in labels.T]
        self.factor_sizes = check_grid(np.stack(classes, axis=1), len(images), file)
        self.num_examples = len(images)
        self.image_shape = images.shape[1:]
        self._images = _unpacked(images, file.with_suffix(".npy"), file) if unpacked else images

    def raw(self, indices: tf.Tensor) -> tf.Tensor:
        """Returns images `indices` (int64 [n]), uint8 [n, 64, 64, 3]."""
        return decoding.read_images(self._images.__getitem__, indices, self.image_shape)


def _arrays(file: pathlib.Path):
    """Returns the images as a view of the file, [N, 64, 64, 3], and their factor values, [N, 6]."""
    import h5py  # noqa: PLC0415

    try:
        stored = h5py.File(file, "r")
    except OSError as error:
        raise ValueError(f"{file} cannot be read as an HDF5 file: {error}") from error
    found = {name: (array.dtype.name, array.shape) for name, array in stored.items()}
    dtype, shape = found.get("images", ("missing", ()))
    _, labels_shape = found.get("labels", ("missing", ()))
    if dtype != "uint8" or len(shape) != 4 or shape[3] != 3 or labels_shape[1:] != (6,):
        raise ValueError(
            f"{file} has {found}; it must have images, uint8 [N, 64, 64, 3], and labels [N, 6]"
        )
    return stored["images"], stored["labels"][:]


def _unpacked(images, target: pathlib.Path, source: pathlib.Path) -> np.ndarray:
    """Returns the images as a memory-mapped .npy file, which is written atomically if needed."""
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        step = images.chunks[0] if images.chunks else 1024
        with atomic.replacing(target) as partial:
            copy = np.lib.format.open_memmap(partial, "w+", images.dtype, images.shape)
            for start in range(0, len(images), step):
                copy[start : start + step] = images[start : start + step]
            copy.flush()
    array = np.load(target, mmap_mode="r")
    if array.shape != images.shape or array.dtype != images.dtype:
        raise ValueError(
            f"{target} is {array.dtype} {list(array.shape)}; {source} has uint8 "
            f"{list(images.shape)}. Remove {target}"
        )
    return array
