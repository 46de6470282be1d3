"""Cars3D: 183 cars seen from 24 sides at 4 elevations (Reed et al., 2015)."""

import os
import pathlib

import numpy as np
import tensorflow as tf

from tfvae.data.dataset import GroundTruthDataset


class Cars3D(GroundTruthDataset):
    """Renderings of cars, float32 [64, 64, 3]; elevation (4), azimuth (24), object type (183).

    TensorFlow Datasets does not include these data, so this class reads the published files and
    keeps them in memory (216 MB).

    Args:
        path: the directory `cars` of `nips2015-analogy-data.tar.gz`, which contains `*.mat`.
        image_size: (H, W) to resize the images to; the originals have 128 x 128 pixels.

    Raises:
        FileNotFoundError: if the directory does not exist or has no `*.mat`.
        ValueError: if a file has no array `im`, or one of another shape (the file is named).
    """

    factor_names = ("elevation", "azimuth", "object_type")

    def __init__(self, path: str | os.PathLike, image_size: tuple[int, int] = (64, 64)):
        files = sorted(pathlib.Path(path).glob("*.mat"))
        if not files:
            raise FileNotFoundError(
                f"path: {path} contains no *.mat; it must be the directory `cars` of "
                f"nips2015-analogy-data.tar.gz, from www.scottreed.info"
            )
        self.image_shape = (*image_size, 3)
        self.factor_sizes = (4, 24, len(files))
        self.num_examples = 4 * 24 * len(files)
        cars = np.empty((*self.factor_sizes, *self.image_shape), np.uint8)
        for car, file in enumerate(files):
            cars[:, :, car] = _views(file, image_size)
        with tf.device("CPU:0"):
            self._array = tf.convert_to_tensor(cars.reshape(-1, *self.image_shape))

    def raw(self, indices: tf.Tensor) -> tf.Tensor:
        """Returns images `indices` (int64 [n]), uint8 [n, H, W, 3]."""
        return tf.gather(self._array, indices)


def _views(file: pathlib.Path, image_size: tuple[int, int]) -> np.ndarray:
    """Returns the views of one car, uint8 [elevation, azimuth, H, W, 3]."""
    from PIL import Image  # noqa: PLC0415
    from scipy.io import loadmat  # noqa: PLC0415

    arrays = loadmat(file)
    stored = arrays["im"] if "im" in arrays else np.empty(0)
    if stored.shape[2:] != (3, 24, 4) or stored.dtype != np.uint8:
        raise ValueError(
            f"{file}: array im is {stored.dtype} {list(stored.shape)}; it must be uint8 "
            f"[H, W, 3, 24, 4] (azimuth, elevation last)"
        )
    views = np.empty((4, 24, *image_size, 3), np.uint8)
    for elevation, azimuth in np.ndindex(4, 24):
        image = Image.fromarray(np.ascontiguousarray(stored[..., azimuth, elevation]))
        resized = image.resize(image_size[::-1], Image.Resampling.LANCZOS)
        views[elevation, azimuth] = np.asarray(resized)
    return views
