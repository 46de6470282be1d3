import numpy as np
import pytest

import tfvae
from tfvae import plots


def canvas(figure):
    return np.asarray(figure.axes[0].images[0].get_array())


def tiles(figure, gap=2):
    """The grid's tiles [R, N, 4, 4] of 4x4 grey images."""
    array = canvas(figure)
    rows, columns = (array.shape[0] + gap) // (4 + gap), (array.shape[1] + gap) // (4 + gap)
    return np.stack(
        [[array[r * 6 : r * 6 + 4, c * 6 : c * 6 + 4] for c in range(columns)] for r in range(rows)]
    )


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_grid_holds_every_image_in_its_place(tmp_path):
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


def test_reconstructions_stand_below_their_originals(tiny_model, images):
    model = tiny_model()
    shown = tiles(plots.reconstructions(model, images[:5]))
    assert shown.shape == (2, 5, 4, 4)
    np.testing.assert_array_equal(shown[0], images[:5, :, :, 0])
    np.testing.assert_allclose(shown[1], model(images[:5])[..., 0], rtol=1e-5)


@pytest.mark.parametrize(("number", "grid"), [(9, (3, 3)), (7, (3, 3)), (2, (1, 2))])
def test_samples_are_as_many_as_asked_for(tiny_model, number, grid):
    model = tiny_model()
    shown = tiles(plots.samples(model, number, seed=3))
    assert shown.shape[:2] == grid
    flat = shown.reshape(-1, 4, 4)
    np.testing.assert_allclose(flat[:number], model.sample(number, seed=3)[..., 0], rtol=1e-5)
    assert (flat[number:] == 1.0).all()  # as blank as the figure


def test_traversals_move_one_latent_a_row_the_most_informative_first(tiny_model, images):
    model = tiny_model()
    q = model.encode(images)
    mean, variance = q.mean().numpy(), q.variance().numpy()
    kl = 0.5 * (mean**2 + variance - 1 - np.log(variance)).mean(0)
    order = np.argsort(-kl)
    figure = plots.traversals(model, images, span=1.5, num_steps=3)
    shown = tiles(figure)
    assert shown.shape == (2, 3, 4, 4)
    assert labels(figure.axes[0].yaxis) == [f"z{d}  KL {kl[d]:.2f}" for d in order]
    assert labels(figure.axes[0].xaxis) == ["-1.5", "+0.0", "+1.5"]
    latent = mean[0].copy()
    latent[order[0]] = -1.5
    expected = model.decode(latent[None]).mean()[0, ..., 0]
    np.testing.assert_allclose(shown[0, 0], expected, rtol=1e-4)
    assert tiles(plots.traversals(model, images, max_dimensions=1)).shape[:2] == (1, 11)


def test_posterior_of_full_covariance_is_traversed_too(tiny_model, images):
    model = tiny_model(posterior=tfvae.heads.FullCovarianceNormal(2))
    assert tiles(plots.traversals(model, images)).shape[:2] == (2, 11)
