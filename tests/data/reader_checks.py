"""The promises of every reader, for any format."""

import itertools

import numpy as np
import tensorflow as tf

# Errors of a reader when an image is read: in Python, or through a pipeline.
READ_ERRORS = (ValueError, tf.errors.InvalidArgumentError)


def images_of(data, indices=None):
    indices = range(data.num_examples) if indices is None else indices
    return np.asarray(data.gather(tf.constant(list(indices), tf.int64)))


def assert_reader(data, expected):
    """Checks the images against `expected` [N, H, W, C], and that pipelines resume exactly."""
    assert (data.num_examples, *data.image_shape) == expected.shape
    np.testing.assert_allclose(images_of(data), expected, atol=1e-6)
    assert images_of(data).dtype == np.float32
    assert images_of(data, []).shape == (0, *data.image_shape)
    np.testing.assert_allclose(np.concatenate(list(data.epoch(3))), expected, atol=1e-6)
    size = min(3, data.num_examples)
    whole = [b.numpy() for b in itertools.islice(data.batches(size, seed=4), 6)]
    resumed = [b.numpy() for b in itertools.islice(data.batches(size, seed=4, start_step=2), 4)]
    np.testing.assert_array_equal(whole[2:], resumed)


def assert_disjoint_splits(make, images):
    """Checks that `make(split)` splits `images` [N, ...], all different, into train and test."""
    train, test = images_of(make("train")), images_of(make("test"))
    assert 0 < len(test) < len(train)
    found, expected = (
        sorted(image.tobytes() for image in np.rint(255 * group).astype(np.uint8))
        for group in (np.concatenate([train, test]), images)
    )
    assert found == expected
    np.testing.assert_array_equal(test, images_of(make("test")))
