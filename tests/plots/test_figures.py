import numpy as np
import pytest

from tests.plots.grid_tiles import canvas, labels, tiles
from tfvae import plots


def test_grid_shows_every_image_in_its_place(tmp_path):
    rows = np.random.default_rng(0).uniform(-0.5, 1.5, size=(2, 3, 4, 4, 1))
    figure = plots.image_grid(rows, ("a", "b"), ("x", "y", "z"), title="t")
    np.testing.assert_allclose(tiles(figure), np.clip(rows[..., 0], 0, 1))
    axes = figure.axes[0]
    assert labels(axes.yaxis) == ["a", "b"]
    assert labels(axes.xaxis) == ["x", "y", "z"]
    assert axes.get_title() == "t"
    figure.savefig(tmp_path / "grid.png")
    colour = plots.image_grid(np.zeros([1, 2, 4, 5, 3]))
    assert canvas(colour).shape == (4, 12, 3)


@pytest.mark.parametrize("shape", [(3, 4, 4, 1), (1, 3, 4, 4, 2)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"rows has shape .*; it must be \[R, N, H, W, 1 or 3\]"):
        plots.image_grid(np.zeros(shape))


def test_reconstructions_are_below_their_originals(tiny_model, images):
    model = tiny_model()
    shown = tiles(plots.reconstructions(model, images[:5]))
    assert shown.shape == (2, 5, 4, 4)
    np.testing.assert_array_equal(shown[0], images[:5, :, :, 0])
    np.testing.assert_allclose(shown[1], model(images[:5])[..., 0], rtol=1e-5)


@pytest.mark.parametrize(("number", "grid"), [(9, (3, 3)), (7, (3, 3)), (2, (1, 2))])
def test_number_of_samples(tiny_model, number, grid):
    model = tiny_model()
    shown = tiles(plots.samples(model, number, seed=3))
    assert shown.shape[:2] == grid
    flat = shown.reshape(-1, 4, 4)
    np.testing.assert_allclose(flat[:number], model.sample(number, seed=3)[..., 0], rtol=1e-5)
    assert (flat[number:] == 1.0).all()  # as blank as the figure


def test_reconstructions_of_several_models_have_a_row_each(tiny_model, images):
    models = [tiny_model(), tiny_model(activation="relu")]
    figure = plots.reconstructions(models, images[:5], titles=["VAE", "another"])
    shown = tiles(figure)
    assert shown.shape == (3, 5, 4, 4)
    assert labels(figure.axes[0].yaxis) == ["original", "VAE", "another"]
    for row, model in zip(shown[1:], models, strict=True):
        np.testing.assert_allclose(row, model(images[:5])[..., 0], rtol=1e-5)
    with pytest.raises(ValueError, match=r"titles has 1 for 2 models; give one per model"):
        plots.reconstructions(models, images, titles=["VAE"])


def test_long_labels_have_room():
    def left(label):
        figure = plots.image_grid(np.zeros([1, 2, 4, 4, 1]), (label,))
        return figure.axes[0].get_position().x0 * figure.get_figwidth()

    assert left("a") == pytest.approx(1.1)
    assert left("iwae_mnist_of_two_layers") > 1.5
