import colorsys

import numpy as np
import pytest
import tensorflow as tf

from tfvae.data import Shapes3D
from tfvae.data.shapes3d_rendering import views

CUBE, CYLINDER, SPHERE, CAPSULE = range(4)
FLOOR, WALL, OBJECT, SCALE, SHAPE, ORIENTATION = range(6)


@pytest.fixture(scope="module")
def data():
    return Shapes3D()


def traversal(data, factor, base=(4, 1, 6, 5, 0, 4)):
    """Images in which one factor takes all its values, [values, 64, 64, 3]."""
    rows = np.tile(base, (data.factor_sizes[factor], 1))
    rows[:, factor] = np.arange(len(rows))
    return data.images(rows)


def covered(data, *factors):
    """Which pixels the object covers, wholly or in part, bool [64, 64]: those its hue changes."""
    red, cyan = data.images(np.array([[3, 1, hue, *factors] for hue in (0, 5)]))
    return np.abs(red - cyan).max(-1) > 0.02


def test_image_numbers_follow_the_published_order(data):
    assert data.num_examples == 480_000
    # By hand: ((((1 * 10 + 2) * 10 + 3) * 8 + 4) * 4 + 2) * 15 + 6.
    factors = np.array([[1, 2, 3, 4, 2, 6], [0] * 6, [9, 9, 9, 7, 3, 14]])
    numbers = data.indices(factors)
    np.testing.assert_array_equal(numbers, [59_316, 0, 479_999])
    np.testing.assert_array_equal(data.factors(numbers), factors)
    np.testing.assert_array_equal(data.gather(tf.constant(numbers)), data.images(factors))


@pytest.mark.parametrize(
    ("factor", "pixel"), [(FLOOR, (60, 32)), (WALL, (16, 8)), (OBJECT, (42, 26))]
)
def test_each_hue_colours_its_surface_alone(data, factor, pixel):
    images = traversal(data, factor)
    for hue, image in enumerate(images):
        colour = image[pixel] / image[pixel].max()
        np.testing.assert_allclose(colour, colorsys.hsv_to_rgb(hue / 10, 1, 1), atol=0.02)
    for other in ((60, 32), (16, 8), (42, 26)):
        assert (np.ptp(images[:, *other], axis=0).max() > 0.3) == (other == pixel)


@pytest.mark.parametrize("shape", [CUBE, CYLINDER, SPHERE, CAPSULE])
def test_scale_is_the_size_of_the_object(data, shape):
    areas = np.array([covered(data, scale, shape, 7).sum() for scale in range(8)])
    expected = np.linspace(0.75, 1.25, 8) ** 2
    np.testing.assert_allclose(areas / areas[0], expected / expected[0], rtol=0.12)
    assert (np.diff(areas) > 10).all()


def test_shapes_have_their_proportions(data):
    masks = [covered(data, 7, shape, 7) for shape in range(4)]
    height, width = np.transpose([(m.any(1).sum(), m.any(0).sum()) for m in masks])
    assert abs(height[SPHERE] - width[SPHERE]) <= 2
    assert height[CAPSULE] > 1.5 * width[CAPSULE]
    filled = [mask.sum() for mask in masks] / (height * width)
    assert np.argsort(filled).tolist()[-1] == CYLINDER  # no corner of its box is empty


def test_orientation_turns_the_room_and_the_cube(data):
    strip = traversal(data, ORIENTATION)[:, 14:18].mean(axis=(1, 3))  # of the wall, [15, 64]
    corner = strip.argmin(axis=1)
    assert (np.diff(corner) <= -2).all()
    assert abs(corner[7] - 31.5) <= 1
    cubes, balls = ([covered(data, 7, shape, k) for k in (0, 7, 11)] for shape in (CUBE, SPHERE))
    assert min((cubes[0] != cubes[1]).sum(), (cubes[1] != cubes[2]).sum()) > 20
    assert max((balls[0] != balls[1]).sum(), (balls[1] != balls[2]).sum()) <= 4


def test_every_view_differs_clearly_from_its_neighbours():
    grid = views().reshape(8, 4, 15, -1).astype(np.float32) / 255
    for axis in range(3):
        difference = np.abs(np.diff(grid, axis=axis)).sum(axis=-1)
        assert difference.min() > 10  # of the light of 10 white pixels


def test_is_in_the_unit_interval_and_small(data):
    images = data.images(data.sample_factors(500, seed=1))
    assert images.dtype == np.float32
    assert images.min() == 0
    assert 0.9 < images.max() <= 1
    tensors = [value for value in vars(data).values() if tf.is_tensor(value)]
    assert 0 < sum(value.numpy().nbytes for value in tensors) < 10e6


def test_pipeline_gives_the_images_of_its_numbers(data):
    batches = data.epoch(96).take(2)
    assert batches.element_spec.shape[1:] == (64, 64, 3)
    images = np.concatenate(list(batches.as_numpy_iterator()))
    np.testing.assert_allclose(images, data.images(data.factors(range(192))), atol=1e-6)
    assert data.images(np.zeros([0, 6], int)).shape == (0, 64, 64, 3)
