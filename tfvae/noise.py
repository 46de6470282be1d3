"""Noise as a pure function of seeds, one row per example.

A *seed row* is a pair of int64 numbers. A sample depends on its seed row only, so an example gets
the same noise in any batch, on any replica, in training and on a server. The generator is
counter-based (Philox4x32-10, Salmon et al. 2011) and runs in plain TensorFlow operations, so a
SavedModel has no stateful random operations.

The streams are those of `tf.random.stateless_normal(shape, seed=row, alg="philox")`, one per row.

In a graph each draw calls one function per distribution, which TensorFlow and XLA inline, instead
of a copy of Philox's twenty rounds of about 400 operations. Sizes and sample numbers are arguments
of these functions, so a process traces each of them once.
"""

import hashlib
import math
import numbers
from collections.abc import Callable, Sequence
from typing import TypeAlias

import tensorflow as tf

Seed: TypeAlias = int | tf.Tensor

_WORD = 0xFFFFFFFF
_ROUNDS = 10
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
# TensorFlow's key to convert a seed pair to a Philox key and counter.
_SCRAMBLE_KEY = (0x3EC8F720, 0x02461E29)
# An odd multiplier makes folding a bijection of the seed, and nested folds order-dependent.
_FOLD_MULTIPLIER = 0x5851F42D4C957F2D
# Rows are padded to a multiple of this many counters, so that no value falls in the scalar tail of
# a vectorised kernel: log, sin and cos may differ in the last bit between the two.
_COUNTERS_PER_BLOCK = 16


def seed_rows(seed: Seed, num_rows: int | tf.Tensor) -> tf.Tensor:
    """Returns one seed row per example, int64 [num_rows, 2].

    Args:
        seed: an int, expanded to the rows (seed, 0), (seed, 1), ...; or the rows themselves, so
            that a batch in chunks gets the same noise as the whole batch.
        num_rows: number of examples.

    Raises:
        ValueError: if `seed` is neither an int of 64 bits nor has shape [num_rows, 2].
    """
    is_rows = hasattr(seed, "shape") or isinstance(seed, (list, tuple))
    if isinstance(seed, numbers.Integral) or not is_rows:
        require_seed(seed)
        index = tf.range(tf.cast(num_rows, tf.int64), dtype=tf.int64)
        return tf.stack([tf.fill(tf.shape(index), tf.constant(seed, tf.int64)), index], axis=1)
    rows = tf.cast(tf.convert_to_tensor(seed), tf.int64)
    static = num_rows if isinstance(num_rows, int) else None
    if not rows.shape.is_compatible_with([static, 2]):
        raise ValueError(
            f"seed has shape {rows.shape}; it must be an int or one row per example, "
            f"[{'B' if static is None else static}, 2]"
        )
    return rows


def require_seed(seed) -> None:
    """Raises ValueError if `seed` is no whole number of 64 bits; there is no random seed."""
    if not isinstance(seed, numbers.Integral):  # includes NumPy's integers
        raise ValueError(
            f"seed is {seed!r}; it must be a whole number, of which all noise is a function: give "
            "another one for other noise"
        )
    if not -(2**63) <= int(seed) < 2**63:
        raise ValueError(f"seed is {seed}; it must be from -2**63 to 2**63 - 1")


def require_rows(seeds) -> None:
    """Raises ValueError if `seeds` are no seed rows [B, 2]."""
    if not tf.TensorShape(getattr(seeds, "shape", ())).is_compatible_with([None, 2]):
        raise ValueError(
            f"seeds is {seeds!r:.100}; it must be int64 [B, 2], one row for each example, as "
            "tfvae.noise.seed_rows(seed, B) returns them"
        )


def training_rows(seed: int, step: tf.Tensor, first_row: tf.Tensor, num_rows: tf.Tensor):
    """Returns the seed rows of one training step, int64 [num_rows, 2].

    Args:
        seed: the run's seed.
        step: the optimizer's step, scalar.
        first_row: global number of the first row on this replica, scalar.
        num_rows: number of rows on this replica, scalar.
    """
    row = tf.cast(first_row, tf.int64) + tf.range(tf.cast(num_rows, tf.int64), dtype=tf.int64)
    position = tf.cast(step, tf.int64) * 2**32 + row
    return tf.stack([tf.fill(tf.shape(position), tf.constant(seed, tf.int64)), position], axis=1)


def fold_in(seeds: tf.Tensor, site: str) -> tf.Tensor:
    """Returns the seed rows of a named site, int64 [B, 2]; sites have independent noise."""
    digest = hashlib.sha256(site.encode()).digest()[:8]
    offset = int.from_bytes(digest, "little", signed=True)
    return seeds * [_FOLD_MULTIPLIER, 1] + [offset, 0]


def sample_rows(seeds: tf.Tensor, num_samples: int, first_sample=0) -> tf.Tensor:
    """Returns a seed row for each sample of each example, int64 [num_samples * B, 2].

    For samples conditional on samples: sample i of example b has row i * B + b. Samples drawn in
    chunks, from `first_sample` on, get the same noise as samples drawn at once.
    """
    rows = fold_in(seeds, "sample")
    sample = tf.cast(first_sample, tf.int64) + tf.range(num_samples, dtype=tf.int64)
    first = rows[None, :, 0] + sample[:, None]
    second = tf.broadcast_to(rows[None, :, 1], tf.shape(first))
    return tf.reshape(tf.stack([first, second], axis=-1), [-1, 2])


def words_per_row(size: int) -> int:
    """Returns the number of int64 words needed for `size` values, per row and sample."""
    return 4 * _counters(size)


def normal(seeds: tf.Tensor, size: int, num_samples: int = 1, first_sample=0) -> tf.Tensor:
    """Draws standard normal values, float32 [num_samples, B, size].

    Args:
        seeds: int64 [B, 2], one row per example.
        size: values per example and sample.
        num_samples: samples per example.
        first_sample: number of the first sample, an int or a scalar tensor; samples drawn in
            chunks equal samples drawn at once.
    """
    return _draw(_normal, _normal_in_graph, seeds, size, num_samples, first_sample)


def uniform(seeds: tf.Tensor, size: int, num_samples: int = 1, first_sample=0) -> tf.Tensor:
    """Draws uniform values in the open interval (0, 1), float32 [num_samples, B, size].

    The arguments are those of `normal`. Both ends are excluded, so that quantiles are finite.
    """
    return _draw(_uniform, _uniform_in_graph, seeds, size, num_samples, first_sample)


def _draw(
    eager: Callable, in_graph: Callable, seeds: tf.Tensor, size: int, num_samples: int, first_sample
) -> tf.Tensor:
    first_sample = tf.cast(first_sample, tf.int64)
    if tf.executing_eagerly():  # calling a function would cost more than its operations
        return eager(seeds, size, num_samples, first_sample)
    values = in_graph(seeds, size, num_samples, first_sample)
    samples = num_samples if isinstance(num_samples, int) else None
    values.set_shape([samples, seeds.shape[0], size])
    return values


def _normal(seeds: tf.Tensor, size, num_samples, first_sample: tf.Tensor) -> tf.Tensor:
    words = _words(seeds, size, num_samples, first_sample)
    values = []
    for radius_word, angle_word in (words[:2], words[2:]):  # Box-Muller, twice
        radius = tf.sqrt(-2.0 * tf.math.log(tf.maximum(_unit_interval(radius_word), 1e-7)))
        angle = 2.0 * math.pi * _unit_interval(angle_word)
        values += [tf.sin(angle) * radius, tf.cos(angle) * radius]
    return _by_row(values, size)


def _uniform(seeds: tf.Tensor, size, num_samples, first_sample: tf.Tensor) -> tf.Tensor:
    words = _words(seeds, size, num_samples, first_sample)
    return _by_row([_unit_interval(word) + 2.0**-24 for word in words], size)


_ARGUMENTS = [tf.TensorSpec([None, 2], tf.int64), *[tf.TensorSpec([], tf.int64)] * 3]
_normal_in_graph = tf.function(_normal, _ARGUMENTS, autograph=False)
_uniform_in_graph = tf.function(_uniform, _ARGUMENTS, autograph=False)


def _unit_interval(words: tf.Tensor) -> tf.Tensor:
    """Converts the low 23 bits of each word to a float32 in [0, 1)."""
    return tf.cast(tf.bitwise.bitwise_and(words, 0x7FFFFF), tf.float32) * 2.0**-23


def _by_row(values: list[tf.Tensor], size) -> tf.Tensor:
    """Joins the four values of each counter, 4 x [k, B, counters], to [k, B, size]."""
    shape = tf.shape(values[0])
    rows = tf.reshape(tf.stack(values, axis=-1), [shape[0], shape[1], 4 * shape[2]])
    return rows[:, :, :size]


def _words(seeds: tf.Tensor, size, num_samples, first_sample: tf.Tensor) -> list[tf.Tensor]:
    """Returns the four Philox words of each counter as int64, 4 x [num_samples, B, counters]."""
    first, second = seeds[:, 0], seeds[:, 1]  # the seed row is used as a counter
    low, high = _halves()
    words = [low(first), low(high(first)), low(second), low(high(second))]
    key0, key1, upper0, upper1 = (  # and gives the row's key and its upper counter words
        word[None, :, None] for word in _philox(words, _SCRAMBLE_KEY)
    )
    counter = tf.range(_counters(size), dtype=tf.int64)[None, None, :]
    sample = first_sample + tf.range(num_samples, dtype=tf.int64)
    return _philox([counter, sample[:, None, None], upper0, upper1], (key0, key1))


def _counters(size):
    """Returns the number of counters for `size` values, padded to whole blocks."""
    return -(-size // (4 * _COUNTERS_PER_BLOCK)) * _COUNTERS_PER_BLOCK


def _philox(words: Sequence[tf.Tensor], key: Sequence) -> list[tf.Tensor]:
    """Runs ten rounds of Philox4x32 on 32-bit words stored as int64; the shapes broadcast."""
    word0, word1, word2, word3 = words
    key0, key1, multiplier0, multiplier1, step0, step1 = (
        tf.convert_to_tensor(value, tf.int64) for value in (*key, *_MULTIPLIERS, *_KEY_STEPS)
    )
    low, high = _halves()
    for _ in range(_ROUNDS):
        product0, product1 = word0 * multiplier0, word2 * multiplier1  # modulo 2**64
        word0, word1, word2, word3 = (
            low(tf.bitwise.bitwise_xor(high(product1), tf.bitwise.bitwise_xor(word1, key0))),
            low(product1),
            low(tf.bitwise.bitwise_xor(high(product0), tf.bitwise.bitwise_xor(word3, key1))),
            low(product0),
        )
        key0, key1 = key0 + step0, key1 + step1
    return [word0, word1, word2, word3]


def _halves() -> tuple[Callable, Callable]:
    """Returns functions that extract the low and the (sign-extended) high word of int64 tensors.

    They share their constants, which would otherwise be half of the operations of a draw.
    """
    word, bits = tf.constant(_WORD, tf.int64), tf.constant(32, tf.int64)
    return (
        lambda value: tf.bitwise.bitwise_and(value, word),
        lambda value: tf.bitwise.right_shift(value, bits),
    )
