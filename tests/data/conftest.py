"""Small data files for the tests."""

import numpy as np
import pytest

NUM_TRAIN, NUM_TEST = 12, 5


@pytest.fixture
def arrays():
    """The arrays of a small mnist.npz."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, [NUM_TRAIN + NUM_TEST, 28, 28], dtype=np.uint8)
    labels = generator.integers(0, 10, NUM_TRAIN + NUM_TEST, dtype=np.uint8)
    return {
        "x_train": images[:NUM_TRAIN],
        "y_train": labels[:NUM_TRAIN],
        "x_test": images[NUM_TRAIN:],
        "y_test": labels[NUM_TRAIN:],
    }


@pytest.fixture
def directory(arrays, tmp_path):
    """A directory with mnist.npz."""
    np.savez(tmp_path / "mnist.npz", **arrays)
    return tmp_path
