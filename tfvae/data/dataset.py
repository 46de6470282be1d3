"""Images addressed by number, and input pipelines over them.

A pipeline is a pure function of (seed, step): batch s is the same whether the run started at step
0 or was resumed at s, and there is no shuffle buffer to fill or save.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import tensorflow as tf

from tfvae import noise
from tfvae.arguments import require_at_least
from tfvae.data.pixel_values import Range, scaled


class Dataset:
    """A finite collection of images, addressed by number.

    A subclass sets `num_examples` and `image_shape` and implements `raw`, or `gather` alone if it
    stores the values that a model sees. Random augmentation goes into `shown`. Data other than
    images have another shape, such as (2,) for points.

    Attributes:
        num_examples: number of images, N.
        image_shape: shape of one image, (H, W, C).
        range: the smallest and the largest value an image may have; None for any finite values.
        labels: labels [N], or several by name; none by default.
    """

    num_examples: int
    image_shape: tuple[int, ...]
    range: Range | None = (0.0, 1.0)
    labels: Any = MappingProxyType({})

    def __init_subclass__(cls, **kwargs):
        """Refuses a subclass that overrides `examples`, which input pipelines do not call."""
        super().__init_subclass__(**kwargs)
        if "examples" in vars(cls):
            raise TypeError(
                f"{cls.__name__} overrides `examples`; override `shown(raw, seeds)`, from which "
                "`examples` follows"
            )

    def raw(self, indices: tf.Tensor):
        """Returns the stored values of examples `indices` (int64 [n]), such as uint8 [n, H, W, C].

        It may be any structure of tensors with n rows. Input pipelines run it on the host and
        move its result to the device, where `shown` runs.
        """
        return self.gather(indices)

    def from_raw(self, raw):
        """Returns raw values as float32 examples; integers are scaled to [0, 1]."""
        return scaled(raw)

    def shown(self, raw, seeds: tf.Tensor):
        """Returns raw values as a model sees them, float32 [n, H, W, C].

        A pure function of its arguments in TensorFlow operations that XLA compiles.

        Args:
            raw: the result of `raw` for n examples.
            seeds: int64 [n, 2], one row per example, which determine random augmentation.
        """
        del seeds  # most data has no random augmentation
        return self.from_raw(raw)

    def gather(self, indices: tf.Tensor):
        """Returns examples `indices` (int64 [n]) without random augmentation, as `from_raw`."""
        if type(self).raw is Dataset.raw:
            raise NotImplementedError(f"{type(self).__name__} must implement `raw` or `gather`")
        return self.from_raw(self.raw(indices))

    def examples(self, indices: tf.Tensor, seeds: tf.Tensor):
        """Returns examples as a model sees them, float32 [n, H, W, C].

        Args:
            indices: int64 [n].
            seeds: int64 [n, 2], one row per example, which determine random augmentation.
        """
        return self.shown(self.raw(indices), seeds)

    def batches(self, batch_size: int, seed: int, start_step: int = 0) -> tf.data.Dataset:
        """Returns an infinite dataset of shuffled batches, float32 [batch_size, H, W, C].

        Each epoch is a new permutation of the data; a batch may span two epochs.

        Args:
            batch_size: images per batch, over all replicas.
            seed: the run's seed.
            start_step: number of the first batch; a resumed run passes its step.

        Raises:
            ValueError: if `batch_size` is below 1 or above `num_examples`, or `seed` is None.
        """
        self._check_batches(batch_size, seed)

        def batch(step: tf.Tensor) -> tf.Tensor:
            indices = shuffled_indices(step, batch_size, self.num_examples, seed)
            seeds = noise.training_rows(seed, step, tf.constant(0), tf.constant(batch_size))
            return self._shaped(self.examples(indices, noise.fold_in(seeds, "data")), batch_size)

        steps = tf.data.Dataset.range(start_step, np.iinfo(np.int64).max)
        return _pipeline(steps, batch)

    def raw_batches(
        self, batch_size: int, seed: int, start_step: int = 0, steps: int | None = None
    ) -> tf.data.Dataset:
        """Returns the raw values of the batches that `batches` gives, one or more an element.

        Args:
            batch_size: examples of a batch, over all replicas.
            seed: the run's seed.
            start_step: number of the first batch.
            steps: steps per element, N: tensors are [N, batch_size, ...]; if None, an element
                is one batch, [batch_size, ...].

        Raises:
            ValueError: as `batches`.
        """
        self._check_batches(batch_size, seed)

        def batch(step: tf.Tensor):
            rows = shuffled_indices(step, batch_size, self.num_examples, seed, steps or 1)
            shape = [batch_size] if steps is None else [steps, batch_size]
            return tf.nest.map_structure(
                lambda values: tf.reshape(values, [*shape, *values.shape[1:]]), self.raw(rows)
            )

        numbers = tf.data.Dataset.range(start_step, np.iinfo(np.int64).max, steps or 1)
        return _pipeline(numbers, batch)

    def _check_batches(self, batch_size: int, seed: int) -> None:
        if not 1 <= batch_size <= self.num_examples:
            raise ValueError(
                f"batch_size is {batch_size}; it must be from 1 to the number of examples, "
                f"{self.num_examples}"
            )
        noise.require_seed(seed)

    def epoch(self, batch_size: int, seed: int = 0, limit: int | None = None) -> tf.data.Dataset:
        """Returns a dataset of one pass over the data in order; the last batch may be smaller.

        Args:
            batch_size: images per batch.
            seed: seed of random augmentation; row i belongs to image i.
            limit: number of images. If below `num_examples`, a fixed uniform sample is used: the
                first images of data ordered by factor may all have one shape.
        """
        size = self.num_examples if limit is None else min(limit, self.num_examples)

        def batch(start: tf.Tensor) -> tf.Tensor:
            indices = tf.range(start, tf.minimum(start + batch_size, size))
            if size < self.num_examples:
                indices = permuted(indices, tf.zeros_like(indices), self.num_examples, seed=0)
            seeds = tf.stack([tf.fill(tf.shape(indices), tf.cast(seed, tf.int64)), indices], 1)
            return self._shaped(self.examples(indices, noise.fold_in(seeds, "data")), None)

        return _pipeline(tf.data.Dataset.range(0, size, batch_size), batch)

    def _shaped(self, images: tf.Tensor, batch_size: int | None) -> tf.Tensor:
        return tf.ensure_shape(images, [batch_size, *self.image_shape])


class GroundTruthDataset(Dataset):
    """Images with known factors of variation; each combination has exactly one image.

    A subclass sets `factor_names` and `factor_sizes`; the last factor varies fastest.

    Attributes:
        factor_names: names of the K factors.
        factor_sizes: their sizes; the values of factor k are 0 ... factor_sizes[k] - 1.
    """

    factor_names: tuple[str, ...]
    factor_sizes: tuple[int, ...]

    @property
    def num_factors(self) -> int:
        """Number of factors, K."""
        return len(self.factor_sizes)

    def factors(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """Returns the factors of images `indices` [n], int64 [n, K]."""
        return np.stack(np.unravel_index(np.asarray(indices), self.factor_sizes), axis=-1)

    def indices(self, factors: np.ndarray) -> np.ndarray:
        """Returns the numbers of the images with `factors` int [n, K], int64 [n].

        Raises:
            ValueError: if the shape is wrong, or a value is outside its factor's range.
        """
        factors = np.asarray(factors)
        if factors.ndim != 2 or factors.shape[1] != self.num_factors:
            raise ValueError(
                f"factors has shape {list(factors.shape)}; it must be [n, {self.num_factors}], "
                f"the columns being {', '.join(self.factor_names)}"
            )
        for k, column in enumerate(factors.T):
            self._check_values(k, column)
        return np.ravel_multi_index(tuple(factors.T), self.factor_sizes).astype(np.int64)

    def images(self, factors: np.ndarray) -> np.ndarray:
        """Returns the images with `factors` int [n, K], float32 [n, H, W, C] in [0, 1]."""
        return np.asarray(self.gather(tf.constant(self.indices(factors), tf.int64)))

    def sample_factors(
        self, n: int, seed: int, fixed: Mapping[str, int] | None = None
    ) -> np.ndarray:
        """Samples `n` rows of uniform, independent factors, int64 [n, K].

        Args:
            n: number of rows.
            seed: random seed.
            fixed: factors to fix in every row, such as {"shape": 2}; it does not change the
                values of the other factors.

        Raises:
            ValueError: if `n` is negative, a factor is unknown, or its value is out of range.
        """
        require_at_least(0, n=n)
        generator = np.random.default_rng(seed)
        factors = generator.integers(0, self.factor_sizes, size=(n, self.num_factors))
        for k, value in self.fixed_columns(fixed or {}).items():
            factors[:, k] = value
        return factors

    def fixed_columns(self, fixed: Mapping[str, int]) -> dict[int, int]:
        """Returns `fixed` keyed by factor number instead of name.

        Raises:
            ValueError: if a factor is unknown, or its value is out of range.
        """
        columns = {}
        for name, value in fixed.items():
            if name not in self.factor_names:
                raise ValueError(
                    f"there is no factor {name!r}; the factors are {', '.join(self.factor_names)}"
                )
            k = self.factor_names.index(name)
            self._check_values(k, np.array([value]))
            columns[k] = value
        return columns

    def _check_values(self, k: int, values: np.ndarray) -> None:
        size = self.factor_sizes[k]
        outside = values[(values < 0) | (values >= size)]
        if outside.size:
            raise ValueError(
                f"factor {self.factor_names[k]} has value {outside[0]}; it must be from 0 to "
                f"{size - 1}"
            )


def strides(factor_sizes: Sequence[int]) -> np.ndarray:
    """Returns the step in image number between adjacent values of each factor, int64 [K]."""
    return np.cumprod([1, *factor_sizes[:0:-1]], dtype=np.int64)[::-1]


def shuffled_indices(
    step: tf.Tensor, batch_size: int, num_examples: int, seed: int, steps: int = 1
) -> tf.Tensor:
    """Returns the example numbers of the batches from `step` on, int64 [steps * batch_size].

    Epoch e visits the examples in permutation (seed, e), computed one element at a time.
    """
    position = tf.cast(step, tf.int64) * batch_size + tf.range(steps * batch_size, dtype=tf.int64)
    return permuted(position % num_examples, position // num_examples, num_examples, seed)


def permuted(position: tf.Tensor, epoch: tf.Tensor, num_examples: int, seed: int) -> tf.Tensor:
    """Returns the elements at `position` of the permutations (seed, epoch), int64 [n].

    Args:
        position: int64 [n], from 0 to num_examples - 1.
        epoch: int64 [n], number of the permutation.
        num_examples: length of the permutation.
        seed: seed of all permutations.
    """
    # The raw operation, because tf.random.experimental.index_shuffle pads a seed matrix wrongly.
    words = [tf.constant(seed, tf.int64), epoch, tf.constant(498247692, tf.int64)]
    return tf.raw_ops.RandomIndexShuffle(
        index=position,
        seed=tf.stack([tf.broadcast_to(word, tf.shape(epoch)) for word in words], axis=1),
        max_index=tf.fill(tf.shape(position), tf.cast(num_examples - 1, tf.int64)),
        rounds=4,
    )


def _pipeline(numbers: tf.data.Dataset, batch) -> tf.data.Dataset:
    options = tf.data.Options()
    options.deterministic = True
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    batches = numbers.map(batch, num_parallel_calls=tf.data.AUTOTUNE)
    return batches.prefetch(tf.data.AUTOTUNE).with_options(options)
