import gc
import weakref

import numpy as np
import pytest
import tensorflow as tf

from tfvae import noise

SEEDS = tf.constant([[0, 0], [0, 1], [7, 2**40 + 3], [-5, 9], [2**62, -(2**61)]], tf.int64)


def of_tensorflow(function, size):
    """The values of TensorFlow's own stateless generator for each row, [1, B, size]."""
    draws = [function([size], seed=row, alg="philox") for row in SEEDS]
    return np.stack(draws)[None]


@pytest.mark.parametrize("size", [1, 3, 4, 10, 63, 64, 65, 784])
def test_normal_is_the_stream_of_tensorflow(size):
    expected = of_tensorflow(tf.random.stateless_normal, size)
    np.testing.assert_allclose(noise.normal(SEEDS, size), expected, atol=2e-6)


@pytest.mark.parametrize("size", [1, 5, 64, 784])
def test_uniform_is_the_stream_of_tensorflow_moved_off_zero(size):
    expected = of_tensorflow(tf.random.stateless_uniform, size) + np.float32(2.0**-24)
    np.testing.assert_array_equal(noise.uniform(SEEDS, size), expected)


@pytest.mark.parametrize("draw", [noise.normal, noise.uniform])
def test_row_draws_the_same_in_any_batch(draw):
    whole = draw(SEEDS, 37, 3).numpy()
    for rows in ([2], [4, 0], [3, 3, 1], [], list(range(5)) * 20):
        np.testing.assert_array_equal(
            draw(SEEDS.numpy()[np.array(rows, int)], 37, 3), whole[:, rows]
        )


def in_graph(draw, size, num_samples, **settings):
    return tf.function(
        lambda seeds: draw(seeds, size, num_samples),
        input_signature=[tf.TensorSpec([None, 2], tf.int64)],
        **settings,
    )


@pytest.mark.parametrize("draw", [noise.normal, noise.uniform])
def test_graph_draws_what_eager_draws(draw, tmp_path):
    """Also exported, and compiled by XLA, which has other last bits of logarithm and sine."""
    function, compiled = in_graph(draw, 37, 2), in_graph(draw, 37, 2, jit_compile=True)
    module = tf.Module()
    module.draw = function
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path)).draw
    tolerance = 0.0 if draw is noise.uniform else 2e-6
    for rows in (SEEDS, SEEDS[:1], SEEDS[:0]):
        expected = draw(rows, 37, 2)
        np.testing.assert_array_equal(function(rows), expected)
        np.testing.assert_array_equal(loaded(rows), expected)
        np.testing.assert_allclose(compiled(rows), expected, rtol=0, atol=tolerance)


def test_graph_calls_one_function_without_gradient_and_is_freed():
    @tf.function
    def gradient(scale, seeds):
        with tf.GradientTape() as tape:
            tape.watch(scale)
            loss = sum(tf.reduce_sum(scale * noise.normal(seeds, size, k)) for size, k in SIZES)
        return tape.gradient(loss, scale)

    SIZES = ((3, 2), (65, 1), (3, 4))
    graph = gradient.get_concrete_function(tf.constant(2.0), SEEDS).graph
    calls = [operation for operation in graph.get_operations() if "Call" in operation.type]
    assert [call.type for call in calls] == ["PartitionedCall"] * 3
    assert len({call.get_attr("f").name for call in calls}) == 1
    assert [call.outputs[0].shape for call in calls] == [[k, 5, size] for size, k in SIZES]
    alive = weakref.ref(graph)
    del gradient, graph, calls
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize("draw", [noise.normal, noise.uniform])
def test_chunks_of_samples_are_the_whole(draw):
    whole = draw(SEEDS, 11, 7)
    chunks = [draw(SEEDS, 11, size, first) for first, size in ((0, 2), (2, 4), (6, 1))]
    np.testing.assert_array_equal(np.concatenate(chunks), whole)
    np.testing.assert_array_equal(draw(SEEDS, 11, 4, tf.constant(2)), whole[2:6])


def test_fewer_values_are_the_first_of_more():
    np.testing.assert_array_equal(noise.normal(SEEDS, 200)[..., :70], noise.normal(SEEDS, 70))


def test_normal_moments():
    draws = noise.normal(noise.seed_rows(0, 2000), 25, 10).numpy().ravel().astype(np.float64)
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((draws**power).mean() - moment) < 5 * np.sqrt(variance / draws.size)


def test_uniform_moments_and_open_interval():
    draws = noise.uniform(noise.seed_rows(0, 2000), 25, 10).numpy().ravel()
    assert 0 < draws.min() < 1e-4
    assert 1 - 1e-4 < draws.max() < 1
    counts, _ = np.histogram(draws, bins=20, range=(0, 1))
    assert ((counts - draws.size / 20) ** 2 / (draws.size / 20)).sum() < 50  # p = 1e-4


def test_rows_samples_and_sites_are_independent():
    rows = noise.seed_rows(3, 40)
    sites = [noise.fold_in(rows, site) for site in ("posterior", "prior")]
    sites.append(noise.fold_in(sites[0], "prior"))
    sites.append(noise.fold_in(sites[1], "posterior"))
    vectors = np.concatenate(
        [np.reshape(noise.normal(s, 500, 2), [-1, 500]) for s in [rows, *sites]]
    )
    correlation = np.corrcoef(vectors)
    np.fill_diagonal(correlation, 0)
    assert np.abs(correlation).max() < 6 / np.sqrt(500)


def test_fold_in_keeps_rows_apart_and_repeats():
    rows = noise.seed_rows(3, 100)
    folded = noise.fold_in(rows, "site").numpy()
    assert len(np.unique(folded, axis=0)) == 100
    np.testing.assert_array_equal(folded, noise.fold_in(rows, "site"))


def test_sample_rows_are_chunked_and_share_nothing():
    seeds = noise.seed_rows(3, 5)
    whole = noise.sample_rows(seeds, 6).numpy()
    assert len(np.unique(whole, axis=0)) == 30
    np.testing.assert_array_equal(noise.sample_rows(seeds[2:4], 2, 3), np.reshape(
        whole.reshape(6, 5, 2)[3:5, 2:4], [4, 2]
    ))  # fmt: skip
    given, first = noise.normal(noise.sample_rows(seeds, 400), 2)[0], noise.normal(seeds, 2, 400)
    values = np.concatenate([np.reshape(v, [2000, 2]) for v in (given, first)], axis=1)
    correlation = np.corrcoef(values, rowvar=False) - np.eye(4)
    assert np.abs(correlation).max() < 5 / np.sqrt(2000)


def test_seed_rows():
    np.testing.assert_array_equal(noise.seed_rows(4, 3), [[4, 0], [4, 1], [4, 2]])
    np.testing.assert_array_equal(noise.seed_rows(np.int32(4), 3), noise.seed_rows(4, 3))
    np.testing.assert_array_equal(noise.seed_rows(SEEDS, 5), SEEDS)
    assert noise.seed_rows(tf.constant([[1, 2]], tf.int32), 1).dtype == tf.int64


@pytest.mark.parametrize("shape", [[3, 2], [4], [4, 3], []])
def test_wrong_shape_of_seeds(shape):
    with pytest.raises(ValueError, match=r"it must be an int or one row per example, \[4, 2\]"):
        noise.seed_rows(tf.zeros(shape, tf.int64), 4)


def test_training_rows_of_replicas_are_those_of_one_device():
    def rows(step, first, count):
        return noise.training_rows(1, *map(tf.constant, (step, first, count))).numpy()

    whole = rows(5, 0, 8)
    np.testing.assert_array_equal(np.concatenate([rows(5, 0, 3), rows(5, 3, 5)]), whole)
    every = np.concatenate([rows(step, 0, 8) for step in range(4)])
    assert len(np.unique(every, axis=0)) == 32
