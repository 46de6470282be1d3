import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tfvae.data import Shapes2D

SQUARE, ELLIPSE, HEART = range(3)


@pytest.fixture(scope="module")
def data():
    return Shapes2D()


def white(data, *factors):
    """Which pixels are white, bool [64, 64], in the image with `factors`."""
    return data.images(np.array([factors]))[0, :, :, 0] > 0


def centroid(image):
    """Mean position of the white pixels' centres, (x, y)."""
    y, x = np.nonzero(image)
    return np.array([x.mean(), y.mean()]) + 0.5


def published_animation():
    """Factors of the frames of the authors' animation, [320, 5]."""
    everything = []
    for shape in (HEART, ELLIPSE, SQUARE):
        grow = [(shape, scale, 0, 0, 0) for scale in range(6)]
        everything += grow + grow[::-1] + grow
        everything += [(shape, 5, orientation, 0, 0) for orientation in range(40)]
        if shape == HEART:
            everything += [(shape, 5, 0, 0, y) for y in range(32)]
            everything += [(shape, 5, 0, x, 31) for x in range(32)]
            everything += [(shape, 5, 0, 31, y) for y in reversed(range(32))]
            everything += [(shape, 5, 0, x, 0) for x in reversed(range(32))]
        everything += grow[::-1]
    return np.array(everything)


def test_looks_like_the_published_frames(data):
    default = Path(__file__).parents[3] / "shared" / "data"
    path = Path(os.environ.get("TFVAE_DATA_DIR", default)) / "dsprites_frames.npz"
    if not path.exists():
        pytest.skip(f"no published frames at {path}")
    frames = np.load(path)["frames"]
    ours = data.images(published_animation()[::2])[..., 0] > 0
    overlap = (ours & frames).sum((1, 2)) / (ours | frames).sum((1, 2))
    assert overlap.mean() > 0.999
    assert overlap.min() > 0.98
    assert (overlap == 1).mean() > 0.9


def test_image_numbers_follow_dsprites_order(data):
    assert data.num_examples == 737_280
    # By hand: ((((2 * 6 + 4) * 40 + 7) * 32 + 30) * 32 + 5).
    factors = np.array([[2, 4, 7, 30, 5], [0, 0, 0, 0, 0], [2, 5, 39, 31, 31]])
    numbers = data.indices(factors)
    np.testing.assert_array_equal(numbers, [663_493, 0, 737_279])
    np.testing.assert_array_equal(data.factors(numbers), factors)
    np.testing.assert_array_equal(data.gather(tf.constant(numbers)), data.images(factors))


@pytest.mark.parametrize("shape", [SQUARE, ELLIPSE, HEART])
def test_area_grows_with_the_square_of_scale(data, shape):
    # Over all positions a pixel's corner is hit evenly, so the mean count is the area.
    x, y = np.divmod(np.arange(1024), 32)
    areas = []
    for scale in range(6):
        factors = np.stack([np.full(1024, v) for v in (shape, scale, 3)] + [x, y], axis=1)
        areas.append(data.images(factors).sum() / 1024)
    expected = areas[-1] * np.linspace(0.5, 1, 6) ** 2
    np.testing.assert_allclose(areas, expected, rtol=0.01)


def test_positions_move_the_centre_right_and_down(data):
    for x, y in [(0, 0), (31, 0), (0, 31), (10, 21), (15, 16), (30, 1)]:
        centre = centroid(white(data, ELLIPSE, 5, 4, x, y))
        np.testing.assert_allclose(centre, [16 + 32 * x / 31, 16 + 32 * y / 31], atol=0.1)


def test_orientation_turns_counter_clockwise(data):
    for orientation in range(40):
        angle = 2 * np.pi * orientation / 39
        lobes = centroid(white(data, HEART, 5, orientation, 0, 0)) - 16  # they outweigh the tip
        direction = np.array([-np.sin(angle), -np.cos(angle)])  # up at first, then to the left
        assert lobes @ direction > 0.99 * np.linalg.norm(lobes) > 1.5  # within 8 degrees
    ellipse = white(data, ELLIPSE, 5, 0, 0, 0)
    assert ellipse.any(axis=0).sum() > 1.5 * ellipse.any(axis=1).sum()


def test_last_orientation_is_the_first(data):
    factors = data.sample_factors(200, seed=0)
    factors[:, 2] = 0
    last = factors.copy()
    last[:, 2] = 39
    np.testing.assert_array_equal(data.images(factors), data.images(last))


def test_quarter_turns_leave_a_square_alone(data):
    for orientation in range(40):
        square = white(data, SQUARE, 5, orientation, 0, 0)[:32, :32]  # its centre is at (16, 16)
        assert (square != np.rot90(square)).sum() <= 4  # a corner may touch a pixel's centre


def test_is_binary_and_small(data):
    assert set(np.unique(data.images(data.sample_factors(500, seed=1)))) == {0.0, 1.0}
    tensors = [value for value in vars(data).values() if tf.is_tensor(value)]
    assert 0 < sum(value.numpy().nbytes for value in tensors) < 100e6


def test_pipeline_gives_the_images_of_its_numbers(data):
    batches = data.epoch(96).take(2)
    assert batches.element_spec.shape[1:] == (64, 64, 1)
    images = np.concatenate(list(batches.as_numpy_iterator()))
    assert images.dtype == np.float32
    np.testing.assert_array_equal(images, data.images(data.factors(range(192))))
    assert data.images(np.zeros([0, 5], int)).shape == (0, 64, 64, 1)


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        ([[0, 6, 0, 0, 0]], "scale has value 6; it must be from 0 to 5"),
        ([[0, 0, 0, 0, -1]], "position_y has value -1; it must be from 0 to 31"),
        ([0, 0, 0, 0, 0], r"shape \[5\]; it must be \[n, 5\]"),
        ([[0, 0, 0]], r"shape \[1, 3\]; it must be \[n, 5\]"),
    ],
)
def test_bad_factors_are_named(data, factors, message):
    with pytest.raises(ValueError, match=message):
        data.images(np.array(factors))
