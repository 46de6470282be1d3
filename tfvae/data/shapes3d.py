"""3D Shapes: an object in a coloured room, rendered on demand."""

import colorsys
import itertools

import numpy as np
import tensorflow as tf

from tfvae.data import shapes3d_rendering as rendering
from tfvae.data.dataset import GroundTruthDataset
from tfvae.data.pixel_values import SCALE_8_BIT
from tfvae.data.shapes3d_bodies import BODIES

NUM_HUES = 10
# Colour of the sky and of highlights.
_LIGHT = (0.80, 0.90, 1.0)


class Shapes3D(GroundTruthDataset):
    """Colour images, 64x64: 10 x 10 x 10 hues, 8 scales, 4 shapes, 15 orientations.

    Image i has the factors of image i of 3D Shapes (Burgess & Kim 2018, "3D Shapes Dataset");
    tfvae renders the same scene itself.

    The factors, in order, are:

    * floor_hue, wall_hue, object_hue: 0 to 0.9 in steps of 0.1, fully saturated;
    * scale: 0.75 to 1.25, 8 values;
    * shape: 0 cube, 1 cylinder, 2 sphere, 3 capsule;
    * orientation: -30 to 30 degrees, 15 values: the room turns with the object and the light.

    Nothing is downloaded and no images are stored: the class stores 480 views without colours,
    8 MB, and renders images on demand. Construction takes about a second.

    Example:
        data = Shapes3D()
        data.images(np.array([[0, 4, 6, 7, 2, 7]]))  # [1, 64, 64, 3], a blue ball on a red floor
    """

    factor_names = ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
    factor_sizes = (
        NUM_HUES,
        NUM_HUES,
        NUM_HUES,
        len(rendering.SCALES),
        len(BODIES),
        len(rendering.ORIENTATIONS),
    )
    num_examples = int(np.prod(factor_sizes))
    image_shape = (rendering.IMAGE_SIZE, rendering.IMAGE_SIZE, 3)

    def __init__(self) -> None:
        colours = [colorsys.hsv_to_rgb(hue / NUM_HUES, 1.0, 1.0) for hue in range(NUM_HUES)]
        palettes = [(*hues, _LIGHT) for hues in itertools.product(colours, repeat=3)]
        with tf.device("CPU"):  # where input pipelines run
            self._views = tf.constant(rendering.views())
            self._palettes = tf.constant(np.array(palettes, np.float32) * SCALE_8_BIT)

    def raw(self, indices: tf.Tensor) -> tf.Tensor:
        """Returns images `indices` (int64 [n]) as float32 [n, 64, 64, 3] in [0, 1]."""
        palette, view = indices // len(self._views), indices % len(self._views)
        colours = tf.gather(self._palettes, palette)  # [n, 4, 3]
        layers = tf.cast(tf.gather(self._views, view), tf.float32)  # [n, 64 * 64, 4]
        pixels = layers @ colours
        return tf.reshape(pixels, [-1, *self.image_shape])
