"""Ground-truth data with some factors fixed."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tfvae.data.dataset import GroundTruthDataset, strides


class FixedFactors(GroundTruthDataset):
    """The subset of `data` with some factors fixed; the remaining factors vary.

    Nothing is copied. The fixed factors are not factors of this data set.

    Example:
        hearts = FixedFactors(Shapes2D(), {"shape": 2, "scale": 5})
        hearts.factor_names                          # ("orientation", "position_x", "position_y")
        model.fit(hearts.batches(64, seed=0), ...)   # sees large hearts only

    Args:
        data: the full data set.
        fixed: values of the fixed factors, by name.

    Raises:
        ValueError: if a factor is unknown, a value is out of range, or all factors are fixed.
    """

    def __init__(self, data: GroundTruthDataset, fixed: Mapping[str, int]):
        columns = data.fixed_columns(fixed)
        free = [k for k in range(data.num_factors) if k not in columns]
        if not free:
            raise ValueError(
                f"all factors are fixed ({', '.join(fixed)}); at least one must be left to vary"
            )
        self.factor_names = tuple(data.factor_names[k] for k in free)
        self.factor_sizes = tuple(data.factor_sizes[k] for k in free)
        self.num_examples = int(np.prod(self.factor_sizes))
        self.image_shape, self.range = data.image_shape, data.range
        self._data = data
        of_data = strides(data.factor_sizes)
        self._first = int(sum(of_data[k] * value for k, value in columns.items()))
        self._strides = of_data[free]

    def raw(self, indices: tf.Tensor):
        """Returns images `indices` (int64 [n]) as the whole data stores them."""
        own_strides = strides(self.factor_sizes)
        factors = indices[:, tf.newaxis] // own_strides % np.array(self.factor_sizes)  # [n, K]
        return self._data.raw(self._first + tf.reduce_sum(factors * self._strides, axis=1))

    def from_raw(self, raw) -> tf.Tensor:
        """Returns images as float32 [n, H, W, C] in [0, 1]."""
        return self._data.from_raw(raw)

    def shown(self, raw, seeds: tf.Tensor) -> tf.Tensor:
        """Returns images as a model sees them, float32 [n, H, W, C]."""
        return self._data.shown(raw, seeds)
