import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tests.priors.prior_cases import PRIORS, make_prior
from tfvae import noise, priors
from tfvae.distributions.sampling import sample_with_seeds

STEP = 0.025
GRID = np.arange(-9, 9, STEP) + STEP / 2  # cell centres
every_prior = pytest.mark.parametrize("name", PRIORS)


def densities(p) -> np.ndarray:
    """Returns log p(z) over a grid of cells, [n, n], one row at a time."""
    grid = tf.constant(GRID, tf.float32)
    row = tf.function(lambda x: p.log_prob(tf.stack([tf.fill(tf.shape(grid), x), grid], axis=1)))
    return np.stack([row(x) for x in grid])


@every_prior
def test_draws_follow_the_density_which_integrates_to_one(name):
    p = make_prior(name)()
    assert (p.batch_shape, p.event_shape) == ([], [2])
    log_density = densities(p)
    cells = np.exp(log_density) * STEP**2
    assert cells.sum() == pytest.approx(1, abs=2e-3)  # less the tails
    z = sample_with_seeds(p, noise.seed_rows(3, 40), 100).numpy().reshape(-1, 2)
    for dimension in range(2):
        cumulative = np.cumsum(cells.sum(1 - dimension))
        fit = stats.kstest(
            z[:, dimension], lambda x, c=cumulative: np.interp(x, GRID + STEP / 2, c)
        )
        assert fit.pvalue > 1e-3
    # Jointly: the mean of log p(z) is minus the entropy.
    drawn = p.log_prob(z).numpy()
    error = drawn.mean() - np.sum(cells * log_density)
    assert abs(error) < 4.5 * drawn.std() / np.sqrt(len(z)) + 5e-3


@every_prior
def test_rows_and_samples_are_the_same_in_any_batch(name):
    p, rows = make_prior(name)(), noise.seed_rows(5, 70)
    whole = sample_with_seeds(p, rows, 5)
    part = sample_with_seeds(p, rows[33:36], 3, first_sample=2)
    if name == "FlowPrior":  # kernels of matrix products differ with the batch in the last digit
        np.testing.assert_allclose(part, whole[2:, 33:36], rtol=1e-5, atol=1e-6)
    else:
        np.testing.assert_array_equal(part, whole[2:, 33:36])


@every_prior
def test_gradients_reach_every_learned_weight(name):
    prior = make_prior(name)
    with tf.GradientTape(persistent=True) as tape:
        z = sample_with_seeds(prior(), noise.seed_rows(0, 50))[0]
        density = tf.reduce_sum(prior().log_prob(tf.stop_gradient(z)))
    for weight in prior.trainable_weights:
        by_density = tape.gradient(density, weight.value)
        assert np.isfinite(by_density).all() and np.any(by_density)
        by_draw = tape.gradient(z, weight.value)
        if weight.name == "logits":  # of a mixture: its choices have no gradient
            assert by_draw is None
        else:
            assert np.isfinite(by_draw).all() and np.any(by_draw)
    assert bool(prior.trainable_weights) == (
        "learned" in name or name in ("HierarchicalPrior", "VampPrior", "FlowPrior")
    )


@pytest.mark.parametrize(
    ("name", "log_density"),
    [
        ("AnisotropicNormal", lambda z: stats.norm.logpdf(z, 0, [0.5, 1.5]).sum(-1)),
        ("StudentT", lambda z: stats.t.logpdf(z, [9, 30]).sum(-1)),
        ("Laplace", lambda z: stats.laplace.logpdf(z, 0, [0.5, 0.8]).sum(-1)),
        (
            "SparseMixture",
            lambda z: np.log(0.2 * stats.norm.pdf(z) + 0.8 * stats.norm.pdf(z, 0, 0.05)).sum(-1),
        ),
        (
            "NormalMixture",
            lambda z: np.log(
                sum(
                    stats.multivariate_normal.pdf(z, mean, 0.03) / 4
                    for mean in ([1, 0], [0, 1], [-1, 0], [0, -1])
                )
            ),
        ),
    ],
)
def test_fixed_densities_are_the_published_ones(name, log_density):
    z = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    np.testing.assert_allclose(make_prior(name)().log_prob(z), log_density(z), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("degrees_of_freedom", [0.3, 1.0, 4.0, 1e6])
def test_student_t_draws_are_exact_in_the_tails(degrees_of_freedom):
    p = stats.t(degrees_of_freedom)
    prior = priors.StudentT(1, degrees_of_freedom)
    z = sample_with_seeds(prior(), noise.seed_rows(0, 20), 1000).numpy().ravel()
    assert np.isfinite(z).all()
    assert stats.kstest(z, p.cdf).pvalue > 1e-3
    assert np.mean(np.abs(z) > p.ppf(0.999)) == pytest.approx(0.002, abs=0.0012)
