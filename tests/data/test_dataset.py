import itertools

import numpy as np
import pytest
import tensorflow as tf

from tfvae import noise
from tfvae.data import Dataset, GroundTruthDataset


class Numbers(Dataset):
    """Image i is the number i; with uniform noise if requested."""

    def __init__(self, num_examples=10, noisy=False):
        self.num_examples = num_examples
        self.image_shape = (1, 1, 1)
        self.noisy = noisy

    def gather(self, indices):
        return tf.reshape(tf.cast(indices, tf.float32), [-1, 1, 1, 1])

    def shown(self, raw, seeds):
        return raw + tf.reshape(noise.uniform(seeds, 1), [-1, 1, 1, 1]) if self.noisy else raw


class Grid(GroundTruthDataset):
    factor_names = ("shape", "scale")
    factor_sizes = (3, 4)
    num_examples = 12
    image_shape = (1, 1, 1)
    gather = Numbers.gather


def take(data, count, *args, **kwargs):
    batches = itertools.islice(data.batches(*args, **kwargs), count)
    return np.stack([batch.numpy().ravel() for batch in batches])


@pytest.mark.parametrize("noisy", [False, True])
def test_batch_is_a_function_of_seed_and_step(noisy):
    data = Numbers(noisy=noisy)
    whole = take(data, 8, 4, seed=1)
    np.testing.assert_array_equal(whole[5:], take(data, 3, 4, seed=1, start_step=5))
    assert (whole != take(data, 8, 4, seed=2)).any()


def test_every_epoch_is_another_permutation():
    rows = take(Numbers(), 8, 5, seed=0).reshape(4, 10)
    np.testing.assert_array_equal(np.sort(rows), np.tile(np.arange(10), (4, 1)))
    assert len({tuple(row) for row in rows}) == 4
    assert (rows[0] != np.arange(10)).any()


def test_batch_straddles_epochs():
    numbers = take(Numbers(), 10, 4, seed=3).ravel()
    np.testing.assert_array_equal(np.sort(numbers.reshape(4, 10)), np.tile(np.arange(10), (4, 1)))


def test_examples_of_a_batch_and_of_a_step_share_no_noise():
    draws = take(Numbers(num_examples=2, noisy=True), 50, 2, seed=0).ravel() % 1
    assert len(np.unique(draws)) == 100


def test_one_example_is_every_batch():
    assert (take(Numbers(num_examples=1), 3, 1, seed=0) == 0).all()


def test_epoch_is_in_order_and_complete():
    batches = [batch.numpy().ravel().tolist() for batch in Numbers().epoch(4)]
    assert batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_limited_epoch_is_drawn_evenly_and_always_the_same():
    numbers = [np.ravel(batch[:, 0, 0, 0]) for batch in Numbers().epoch(4, limit=5)]
    chosen = np.concatenate(numbers)
    assert len(set(chosen)) == 5
    assert chosen.max() > 4  # not the first five
    again = [np.ravel(batch[:, 0, 0, 0]) for batch in Numbers().epoch(2, seed=3, limit=5)]
    np.testing.assert_array_equal(np.concatenate(again), chosen)


def test_epoch_limit():
    assert [len(batch) for batch in Numbers().epoch(4, limit=5)] == [4, 1]
    assert [len(batch) for batch in Numbers().epoch(4, limit=99)] == [4, 4, 2]


def test_epoch_noise_does_not_depend_on_batching():
    data = Numbers(noisy=True)
    small, large = (np.concatenate(list(data.epoch(size, seed=5))) for size in (3, 10))
    np.testing.assert_array_equal(small, large)


@pytest.mark.parametrize("batch_size", [0, -1, 11])
def test_impossible_batch_size(batch_size):
    with pytest.raises(ValueError, match=rf"batch_size is {batch_size}; .* from 1 to .* 10"):
        Numbers().batches(batch_size, seed=0)


def test_wrong_image_shape_is_rejected():
    data = Numbers()
    data.image_shape = (2, 1, 1)
    with pytest.raises(ValueError, match="Dimension 1 in both shapes must be equal"):
        data.batches(2, seed=0)


def test_factors_and_numbers_determine_each_other():
    data = Grid()
    factors = data.factors(np.arange(12))
    np.testing.assert_array_equal(factors[:5], [[0, 0], [0, 1], [0, 2], [0, 3], [1, 0]])
    np.testing.assert_array_equal(data.indices(factors), np.arange(12))
    np.testing.assert_array_equal(data.images(factors[::-1]).ravel(), np.arange(12)[::-1])
    assert data.num_factors == 2


def test_sampled_factors_are_uniform_and_repeatable():
    data = Grid()
    factors = data.sample_factors(6000, seed=0)
    np.testing.assert_array_equal(factors, data.sample_factors(6000, seed=0))
    counts = np.bincount(data.indices(factors), minlength=12)
    assert abs(counts - 500).max() < 5 * np.sqrt(500)


def test_sampling_with_a_fixed_factor_leaves_the_others_alone():
    data = Grid()
    free, fixed = data.sample_factors(50, seed=0), data.sample_factors(50, 0, fixed={"shape": 2})
    assert (fixed[:, 0] == 2).all()
    np.testing.assert_array_equal(fixed[:, 1], free[:, 1])
    with pytest.raises(ValueError, match="no factor 'size'; the factors are shape, scale"):
        data.sample_factors(1, 0, fixed={"size": 0})
    with pytest.raises(ValueError, match="factor scale has value 4; it must be from 0 to 3"):
        data.sample_factors(1, 0, fixed={"scale": 4})


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        ([[0, 4]], "factor scale has value 4; it must be from 0 to 3"),
        ([[-1, 0]], "factor shape has value -1; it must be from 0 to 2"),
        ([0, 1], r"shape \[2\]; it must be \[n, 2\], the columns being shape, scale"),
        ([[0, 1, 2]], r"shape \[1, 3\]; it must be \[n, 2\]"),
    ],
)
def test_impossible_factors(factors, message):
    with pytest.raises(ValueError, match=message):
        Grid().images(np.array(factors))
