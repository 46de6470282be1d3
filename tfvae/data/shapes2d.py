"""2D Shapes: the images of dSprites, rendered on demand."""

import numpy as np
import tensorflow as tf

from tfvae.data import shapes2d_outlines as outlines
from tfvae.data.dataset import GroundTruthDataset


class Shapes2D(GroundTruthDataset):
    """White sprites on black, 64x64: 3 shapes x 6 scales x 40 orientations x 32 x 32 positions.

    Image i shows the same sprite as image i of dSprites (Matthey et al. 2017, "dSprites:
    Disentanglement testing Sprites dataset"), drawn from measured outlines: a few pixels differ.

    The factors, in order, are:

    * shape: 0 square, 1 ellipse, 2 heart;
    * scale: 0.5 to 1 in steps of 0.1;
    * orientation: 0 to 2 pi inclusive (value 39 equals value 0), counter-clockwise; at 0 the
      ellipse lies along x and the heart stands on its tip;
    * position_x, position_y: the centre, pixel 16 to 48 from the left and from the top.

    Nothing is downloaded and no images are stored: the class stores where each pixel row enters
    and leaves each sprite, about 13 MB, and renders images on demand. Construction takes about
    half a second.

    Example:
        data = Shapes2D()
        data.images(np.array([[2, 5, 0, 16, 16]]))  # [1, 64, 64, 1], an upright heart
    """

    factor_names = ("shape", "scale", "orientation", "position_x", "position_y")
    factor_sizes = (
        len(outlines.SHAPES),
        len(outlines.SCALES),
        len(outlines.ORIENTATIONS),
        len(outlines.CENTRES),
        len(outlines.CENTRES),
    )
    num_examples = int(np.prod(factor_sizes))
    image_shape = (outlines.CANVAS_SIZE, outlines.CANVAS_SIZE, 1)

    def __init__(self) -> None:
        size = outlines.CANVAS_SIZE
        with tf.device("CPU"):  # where input pipelines run
            self._spans = tf.constant(outlines.row_spans())
            self._centres = tf.constant(np.rint(outlines.CENTRES * outlines.SUBPIXELS), tf.int32)
            # Row first * 65 + end is white from column `first` up to `end`.
            first, end, column = np.ogrid[: size + 1, : size + 1, :size]
            white = (first <= column) & (column < end)
            self._white_rows = tf.constant(white.reshape(-1, size))

    def raw(self, indices: tf.Tensor) -> tf.Tensor:
        """Returns images `indices` (int64 [n]), bool [n, 64, 64, 1]."""
        positions = len(outlines.CENTRES)
        sprite, position_y = indices // positions**2, indices % positions
        position_x = indices // positions % positions
        spans = tf.gather_nd(self._spans, tf.stack([sprite, position_y], axis=1))  # [n, 64, 4]
        centres = tf.gather(self._centres, position_x)[:, tf.newaxis, tf.newaxis]
        ends = tf.cast(spans, tf.int32) + centres
        # The first column with its pixel centre, half a pixel in, at or beyond each end.
        columns = -((outlines.SUBPIXELS // 2 - ends) // outlines.SUBPIXELS)
        columns = tf.clip_by_value(columns, 0, outlines.CANVAS_SIZE)
        white = columns[..., 0::2] * (outlines.CANVAS_SIZE + 1) + columns[..., 1::2]  # [n, 64, 2]
        left, right = tf.unstack(white, axis=-1)
        rows = tf.gather(self._white_rows, left) | tf.gather(self._white_rows, right)
        return rows[..., tf.newaxis]
