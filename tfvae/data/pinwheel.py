"""Pinwheel: points of the plane in bent arms."""

import numpy as np
import tensorflow as tf

from tfvae.arguments import require_at_least, require_positive
from tfvae.data.dataset import Dataset


class Pinwheel(Dataset):
    """Points [N, 2] in arms that start evenly round the origin and bend clockwise.

    A point is a normal draw, of mean 1 and deviation `radial_std` along its arm and mean 0 and
    deviation `tangential_std` across it, turned to the arm and on by `rate` * exp(the first).
    The defaults are the data of Mathieu et al. 2019 (arXiv:1812.02833): 400 points in four arms.
    The likelihood for them is `tfvae.heads.Normal`, which has no bounds.

    Example:
        train, test = Pinwheel(seed=0), Pinwheel(seed=1)

    Args:
        num_arms: number of arms, at least 1.
        points_per_arm: number of points in each, at least 1.
        radial_std: standard deviation along an arm, above 0.
        tangential_std: standard deviation across an arm, above 0.
        rate: how far arms bend, in radians per exp(radius).
        seed: seed of the points.

    Attributes:
        points: float32 [N, 2], arm by arm.
        labels: the arm of each point, int64 [N].

    Raises:
        ValueError: for a number or a deviation out of bounds.
    """

    image_shape = (2,)

    def __init__(
        self,
        num_arms: int = 4,
        points_per_arm: int = 100,
        radial_std: float = 0.3,
        tangential_std: float = 0.1,
        rate: float = 0.25,
        seed: int = 0,
    ):
        require_at_least(1, num_arms=num_arms, points_per_arm=points_per_arm)
        require_positive("radial_std", radial_std)
        require_positive("tangential_std", tangential_std)
        self.num_examples = num_arms * points_per_arm
        self.labels = np.repeat(np.arange(num_arms), points_per_arm)
        # RandomState, since its streams never change, whatever the version of numpy.
        along, across = np.random.RandomState(seed).standard_normal((2, self.num_examples))
        along, across = 1 + radial_std * along, tangential_std * across
        angle = 2 * np.pi * self.labels / num_arms + rate * np.exp(along)
        x = along * np.cos(angle) + across * np.sin(angle)
        y = across * np.cos(angle) - along * np.sin(angle)
        self.points = np.stack([x, y], axis=1).astype(np.float32)
        with tf.device("CPU"):  # where input pipelines run
            self._points = tf.constant(self.points)

    def gather(self, indices: tf.Tensor) -> tf.Tensor:
        """Returns points `indices` (int64 [n]) as float32 [n, 2]."""
        return tf.gather(self._points, indices)
