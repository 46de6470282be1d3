"""Pinwheel: points in the plane along bent arms."""

import numpy as np
import tensorflow as tf

from tfvae.arguments import require_at_least, require_positive
from tfvae.data.dataset import Dataset
from tfvae.data.frozen_random import frozen_random_state


class Pinwheel(Dataset):
    """Points [N, 2] in evenly spaced arms around the origin that bend clockwise.

    A point is normal with mean 1 and deviation `radial_std` along its arm, and mean 0 and
    deviation `tangential_std` across it; it is then rotated by the arm's angle plus
    `rate` * exp(its coordinate along the arm). The defaults are the data of Mathieu et al. 2019
    (arXiv:1812.02833): 400 points in four arms. Use the likelihood `tfvae.heads.Normal`, which is
    unbounded.

    Example:
        train, test = Pinwheel(seed=0), Pinwheel(seed=1)

    Args:
        num_arms: number of arms, at least 1.
        points_per_arm: number of points per arm, at least 1.
        radial_std: standard deviation along an arm, above 0.
        tangential_std: standard deviation across an arm, above 0.
        rate: bend of the arms, in radians per exp(radius).
        seed: random seed.

    Attributes:
        points: float32 [N, 2], grouped by arm.
        labels: the arm of each point, int64 [N].

    Raises:
        ValueError: if a number or a deviation is out of bounds.
    """

    image_shape = (2,)
    range = None

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
        along, across = frozen_random_state(seed).standard_normal((2, self.num_examples))
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
