import numpy as np
import pytest

from tests.plots.grid_tiles import labels, tiles
from tfvae import plots

DIRECTION = np.array([1.0, -2.0], np.float32)


@pytest.fixture
def model(tiny_model):
    return tiny_model()


def decoded(model, z):
    return model.decode(z).mean().numpy()[..., 0]


def test_each_row_adds_the_direction_once_more(model, images):
    figure = plots.latent_arithmetic(model, images[:5], DIRECTION, '"0"', steps=4, amount=1.5)
    shown = tiles(figure)
    assert shown.shape == (4, 5, 4, 4)
    z = model.encode(images[:5]).mean().numpy()
    for row, multiple in enumerate([0, 0.5, 1, 1.5]):
        np.testing.assert_allclose(shown[row], decoded(model, z + multiple * DIRECTION), rtol=1e-4)
    texts = ["reconstruction", '+0.5 "0"', '+1.0 "0"', '+1.5 "0"']
    assert labels(figure.axes[0].yaxis) == texts


@pytest.mark.parametrize("method", ["slerp", "linear"])
def test_rows_go_from_one_original_to_the_other(model, images, method):
    first, last = images[:3], images[9:12]
    figure = plots.interpolations(model, first, last, steps=3, method=method)
    shown = tiles(figure)
    assert shown.shape == (3, 5, 4, 4)
    np.testing.assert_array_equal(shown[:, 0], first[..., 0])
    np.testing.assert_array_equal(shown[:, -1], last[..., 0])
    a, b = (model.encode(x).mean().numpy() for x in (first, last))
    middle = (a + b) / 2
    if method == "slerp":  # of the same direction, and as long as both on average
        norm_a, norm_b = (np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
        middle = a / norm_a + b / norm_b
        middle *= (norm_a + norm_b) / 2 / np.linalg.norm(middle, axis=1, keepdims=True)
    for column, z in ((1, a), (2, middle), (3, b)):
        np.testing.assert_allclose(shown[:, column], decoded(model, z), rtol=1e-4)
    assert labels(figure.axes[0].xaxis) == ["from", "0.00", "0.50", "1.00", "to"]
