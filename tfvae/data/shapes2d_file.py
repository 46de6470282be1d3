"""2D Shapes from the published file."""

import os
import pathlib
import zipfile

import numpy as np
import tensorflow as tf

from tfvae.data.arrays import errors_naming
from tfvae.data.dataset import GroundTruthDataset
from tfvae.data.published_grid import check_grid, existing_file
from tfvae.data.shapes2d import Shapes2D

_NAME = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
_ORIGIN = "https://github.com/google-deepmind/dsprites-dataset"
_BYTES_READ = 1 << 26  # chunk size; the unpacked images have 3 GB


class Shapes2DFile(GroundTruthDataset):
    """The images of the dSprites file (Matthey et al. 2017), float32 [64, 64, 1].

    The same factors in the same order as `Shapes2D`, which renders the same images without a
    file. Eight pixels are stored per byte, 377 MB in total; loading takes about ten seconds.

    Args:
        path: `dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz`.

    Raises:
        FileNotFoundError: if the file does not exist (the message says where to get it).
        ValueError: if the file cannot be read, an array is missing or has another shape, or the
            images are not all combinations of their factors in order.
    """

    factor_names = Shapes2D.factor_names

    def __init__(self, path: str | os.PathLike):
        file = existing_file(path, _NAME, _ORIGIN)
        with errors_naming(file), np.load(file, allow_pickle=False) as arrays:
            names = arrays.files
            classes = arrays["latents_classes"] if "latents_classes" in names else np.empty(0)
        if "imgs" not in names or classes.shape[1:] != (6,):
            raise ValueError(
                f"{file} has arrays {', '.join(names)}, latents_classes of shape "
                f"{list(classes.shape)}; {_NAME} has imgs [N, 64, 64] and latents_classes [N, 6]"
            )
        packed, width = _packed_images(file)
        # The first factor is the colour, always white.
        self.factor_sizes = check_grid(classes[:, 1:], len(packed), file)
        self.num_examples = len(packed)
        self.image_shape = (packed.shape[1], width, 1)
        with tf.device("CPU"):  # where input pipelines run
            self._packed = tf.convert_to_tensor(packed)

    def raw(self, indices: tf.Tensor) -> tf.Tensor:
        """Returns images `indices` (int64 [n]), eight pixels to a byte, uint8 [n, 64, 8]."""
        return tf.gather(self._packed, indices)

    def from_raw(self, raw: tf.Tensor) -> tf.Tensor:
        """Returns images as float32 [n, 64, 64, 1], zeros and ones."""
        eighths = raw[..., tf.newaxis]  # [n, H, W / 8, 1]
        bits = tf.bitwise.right_shift(eighths, np.arange(7, -1, -1, dtype=np.uint8)) & 1
        return tf.cast(tf.reshape(bits, [-1, *self.image_shape]), tf.float32)


def _packed_images(file: pathlib.Path) -> tuple[np.ndarray, int]:
    """Reads the images in chunks: eight pixels per byte, uint8 [N, H, W / 8], and the width W."""
    with errors_naming(file), zipfile.ZipFile(file) as archive, archive.open("imgs.npy") as stream:
        np.lib.format.read_magic(stream)
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        if len(shape) != 3 or shape[2] % 8 or dtype != np.uint8 or fortran:
            raise ValueError(f"imgs is {dtype} {list(shape)}; it must be uint8 [N, 64, 64]")
        count, height, width = shape
        packed = np.empty((count, height, width // 8), np.uint8)
        step = max(1, _BYTES_READ // (height * width))
        for start in range(0, count, step):
            part = packed[start : start + step]
            read = stream.read(len(part) * height * width)
            pixels = np.frombuffer(read, np.uint8).reshape(len(part), height, width)
            if pixels.max() > 1:
                raise ValueError(f"imgs has the value {pixels.max()}; it must be zeros and ones")
            part[:] = np.packbits(pixels, axis=-1)
    return packed, width
