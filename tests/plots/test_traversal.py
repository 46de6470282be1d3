import numpy as np
import pytest
from PIL import Image

import tfvae
from tests.plots.grid_tiles import labels, tiles
from tfvae import plots
from tfvae.plots.traversal import information


@pytest.fixture
def model(tiny_model):
    return tiny_model()


def kl_to_standard_normal(model, images):
    q = model.encode(images)
    mean, variance = q.mean().numpy(), q.variance().numpy()
    return 0.5 * (mean**2 + variance - 1 - np.log(variance)).mean(0)


def test_traversals_vary_one_latent_per_row_most_informative_first(model, images):
    kl = kl_to_standard_normal(model, images)
    order = np.argsort(-kl)
    figure = plots.traversals(model, images, span=1.5, num_steps=3)
    shown = tiles(figure)
    assert shown.shape == (2, 3, 4, 4)
    assert labels(figure.axes[0].yaxis) == [f"z{d}  KL {kl[d]:.2f} nats" for d in order]
    assert labels(figure.axes[0].xaxis) == ["-1.5", "+0.0", "+1.5"]
    latent = model.encode(images).mean()[0].numpy()
    latent[order[0]] = -1.5
    expected = model.decode(latent[None]).mean()[0, ..., 0]
    np.testing.assert_allclose(shown[0, 0], expected, rtol=1e-4)
    assert tiles(plots.traversals(model, images, max_dimensions=1)).shape[:2] == (1, 11)


def test_order_follows_the_information(model, images):
    weights, bias = model.encoder.layers[-1].get_weights()
    for silent in (0, 1):
        kernel = weights.copy()
        kernel[:, [silent, silent + 2]] = 0.0  # its mean and log-variance: the prior's
        model.encoder.layers[-1].set_weights([kernel, np.zeros_like(bias)])
        first, last = labels(plots.traversals(model, images).axes[0].yaxis)
        assert first.startswith(f"z{1 - silent}  KL ")
        assert last == f"z{silent}  KL 0.00 nats"


def test_information_is_against_the_prior_there_is(tiny_model, images):
    scales = np.array([0.5, 3.0])
    model = tiny_model(prior=tfvae.priors.AnisotropicNormal(2, scales=scales))
    q = model.encode(images)
    mean, stddev = q.mean().numpy(), q.stddev().numpy()
    kl = 0.5 * ((mean**2 + stddev**2) / scales**2 - 1) - np.log(stddev / scales)
    amount, measure = information(model, images)
    assert measure == "KL"
    np.testing.assert_allclose(amount, kl.mean(0), rtol=1e-4)


def test_divergence_without_closed_form_is_sampled(tiny_model, images):
    # With so many degrees of freedom it is close to a normal, and the divergence is known.
    model = tiny_model(prior=tfvae.priors.StudentT(2, degrees_of_freedom=1e6))
    amount, measure = information(model, images)
    assert measure == "KL"
    np.testing.assert_allclose(amount, kl_to_standard_normal(model, images), atol=0.03)


def test_prior_of_dependent_dimensions_leaves_the_variance_of_means(tiny_model, images):
    model = tiny_model(prior=tfvae.priors.NormalMixture(2))
    variance = model.encode(images).mean().numpy().var(0)
    order = np.argsort(-variance)
    shown = labels(plots.traversals(model, images).axes[0].yaxis)
    assert shown == [f"z{d}  var {variance[d]:.2f}" for d in order]


def test_posterior_of_full_covariance_is_traversed_too(tiny_model, images):
    model = tiny_model(posterior=tfvae.heads.FullCovarianceNormal(2))
    assert tiles(plots.traversals(model, images)).shape[:2] == (2, 11)


def test_animation_goes_there_and_back_for_ever(model, images, tmp_path, monkeypatch):
    shown = []

    def spy(rows, **arguments):
        shown.append((rows, arguments["column_labels"]))
        return plots.image_grid(rows, **arguments)

    monkeypatch.setattr("tfvae.plots.traversal.image_grid", spy)
    path = plots.traversal_animation(
        model, images, tmp_path / "moving.gif", num_images=3, num_steps=4, span=3, milliseconds=50
    )
    with Image.open(path) as gif:
        assert (gif.n_frames, gif.info["loop"], gif.info["duration"]) == (6, 0, 50)
        frames = [np.asarray((gif.seek(i), gif.convert("L"))[1]) for i in range(6)]
    assert (frames[0] != frames[3]).any()
    kl = kl_to_standard_normal(model, images)
    order = np.argsort(-kl)
    means = model.encode(images[:3]).mean().numpy()
    for number, value in enumerate([-3, -1, 1, 3, 1, -1]):
        rows, columns = shown[number]
        assert columns == [f"z{d}\nKL {kl[d]:.2f}" for d in order]
        for column, dimension in enumerate(order):
            latents = means.copy()
            latents[:, dimension] = value
            np.testing.assert_allclose(rows[:, column], model.decode(latents).mean(), rtol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_steps": 1}, "num_steps is 1; it must be at least 2"),
        ({"num_images": 17}, "num_images is 17; it must be from 1 to 16"),
    ],
)
def test_invalid_animations_are_rejected(model, images, tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        plots.traversal_animation(model, images, tmp_path / "moving.gif", **arguments)
    assert not list(tmp_path.iterdir())
