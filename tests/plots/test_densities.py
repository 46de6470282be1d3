import keras
import numpy as np
import pytest
import tensorflow_probability as tfp

import tfvae
from tfvae import plots

MEANS = np.array([[1.0, 0.0], [0.0, -2.0], [-1.5, 0.5]], np.float32)
STDDEVS = np.array([[0.3, 0.5], [1.0, 0.2], [0.4, 0.4]], np.float32)
# The encoder below is the identity: an example is its posterior's parameters.
EXAMPLES = np.concatenate([MEANS, 2 * np.log(STDDEVS)], axis=1)


def make_model(size=2, prior=None):
    encoder = keras.Sequential([keras.layers.Input((2 * size,)), keras.layers.Identity()])
    return tfvae.VAE(
        encoder=encoder,
        decoder=tfvae.networks.DenseDecoder((2 * size,), hidden=()),
        posterior=tfvae.heads.DiagonalNormal(size),
        likelihood=tfvae.heads.Normal(1.0),
        prior=prior,
    )


def mixture_log_density(z):
    tfd = tfp.distributions
    normals = tfd.MultivariateNormalDiag(MEANS, STDDEVS)
    return tfd.MixtureSameFamily(tfd.Categorical(probs=[1 / 3] * 3), normals).log_prob(z)


def test_panels_are_the_prior_and_each_aggregate_on_the_same_limits():
    models = [make_model(), make_model()]
    figure = plots.aggregate_posterior(
        models, EXAMPLES, titles=["a", "b"], half_width=4.0, resolution=81
    )
    assert [axes.get_title() for axes in figure.axes] == ["p(z)", "a", "b"]
    assert {tuple(axes.images[0].get_extent()) for axes in figure.axes} == {(-4, 4, -4, 4)}
    prior, aggregate, _ = (axes.images[0].get_array() for axes in figure.axes)
    cell = (8.0 / 80) ** 2
    assert prior.sum() * cell == pytest.approx(1.0, abs=0.01)
    assert aggregate.sum() * cell == pytest.approx(1.0, abs=0.01)
    # Row 20, column 40 is z = (0, -2): the second axis goes up.
    assert figure.axes[1].images[0].origin == "lower"
    point = np.exp(mixture_log_density(np.array([0.0, -2.0], np.float32)))
    assert aggregate[20, 40] == pytest.approx(point, rel=1e-4)


def test_a_different_prior_has_its_own_panel():
    models = [make_model(), make_model(prior=tfvae.priors.NormalMixture(2))]
    figure = plots.aggregate_posterior(models, EXAMPLES, resolution=5)
    assert [axes.get_title() for axes in figure.axes] == ["p(z)", "q(z)", "p(z)", "q(z)"]


def test_limits_include_every_posterior_mean():
    figure = plots.aggregate_posterior(make_model(), 100 * EXAMPLES, resolution=5)
    assert figure.axes[0].get_xlim()[1] > 200


def test_invalid_figures_are_rejected():
    with pytest.raises(ValueError, match=r"latents of shape \[3\]; this figure needs two"):
        plots.aggregate_posterior(make_model(size=3), np.zeros([1, 6]))
    with pytest.raises(ValueError, match=r"titles has 1 for 2 models; give one per model"):
        plots.aggregate_posterior([make_model(), make_model()], EXAMPLES, titles=["a"])
