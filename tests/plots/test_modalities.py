import numpy as np
import pytest

import tfvae
from tests.conformance.registry_multimodal import CLASSES, build, examples
from tfvae import plots

X = {name: value[:20] for name, value in examples().items()}


class Plane(tfvae.heads.DiagonalNormal):
    """A posterior over two dimensions, for any input."""

    def __init__(self, size):
        super().__init__(min(size, 2))


@pytest.fixture(scope="module")
def model():
    return build(tfvae.MVAE, posterior=Plane)


def test_figures_of_a_latent_plane(model):
    classes, names = X["label"].argmax(1), [f"class {k}" for k in range(CLASSES)]
    figure = plots.posteriors(
        model, [("q(z|image)", {"image": X["image"]}), ("q(z|x)", X)], classes, names
    )
    first, second = figure.axes
    assert len(first.collections) == CLASSES
    dots = np.concatenate([line.get_xydata() for line in second.lines])
    expected = np.asarray(model.encode(X).mean())
    assert np.allclose(np.sort(dots, axis=0), np.sort(expected, axis=0))
    figure = plots.decision_map(model, ["label"], expected, classes, names)
    shown = figure.axes[0].images[0].get_array()
    corner = model.decode(np.array([[-3.5, -3.5]], np.float32))["label"].mean()
    assert shown[0, 0] == np.argmax(corner)
    shown = plots.latent_grid(model, "image", size=4).axes[0].images[0].get_array()
    corner = model.decode(np.array([[-3.0, 3.0]], np.float32))["image"].mean()  # left, above
    np.testing.assert_allclose(shown[:8, :8], corner[0, :, :, 0], rtol=1e-4)


def test_a_row_of_images_for_each_choice_of_attributes(model):
    figure = plots.generated(model, [{"label": 0}, {"label": 3}, {}], "image", num_samples=5)
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels == ["label 0", "label 3", "nothing"]


def test_other_dimensions_are_refused():
    with pytest.raises(ValueError, match=r"latents of shape \[3\]"):
        plots.latent_grid(build(tfvae.MVAE), "image")
