import numpy as np
import pytest

import tfvae
from tests.plots.test_densities import EXAMPLES, make_model, mixture_log_density
from tfvae.evaluation import aggregate_log_density, aggregate_posterior, kl_from_prior


def test_aggregate_is_the_exact_mixture_of_all_posteriors(monkeypatch):
    monkeypatch.setattr(aggregate_posterior, "POSTERIORS_PER_CHUNK", 2)
    monkeypatch.setattr(aggregate_posterior, "POINTS_PER_CHUNK", 3)
    z = np.random.default_rng(0).normal(size=(7, 2)).astype(np.float32)
    z[0] = [30.0, 30.0]  # where every density underflows
    result = aggregate_log_density(make_model(), EXAMPLES, z)
    np.testing.assert_allclose(result, mixture_log_density(z), rtol=1e-4)


def test_aggregate_of_a_dataset_is_that_of_all_its_examples():
    data, z = tfvae.data.Pinwheel(points_per_arm=5), np.zeros([1, 1])
    results = [
        aggregate_log_density(make_model(size=1), examples, z)
        for examples in (data, data.points, data.points[:19])
    ]
    assert results[0] == results[1]
    assert results[0] != results[2]


def test_kl_from_the_prior_is_that_of_numerical_integration():
    model = make_model()
    axis = np.linspace(-7, 7, 561, dtype=np.float32)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    log_p = model.prior().log_prob(grid).numpy()
    difference = log_p - mixture_log_density(grid).numpy()
    exact = np.sum(np.exp(log_p) * difference) * (axis[1] - axis[0]) ** 2
    assert exact > 1  # three narrow posteriors leave much of the prior empty
    estimate = kl_from_prior(model, EXAMPLES, num_points=20_000)
    error = np.sqrt(np.sum(np.exp(log_p) * (difference - exact) ** 2) * (axis[1] - axis[0]) ** 2)
    assert estimate == pytest.approx(exact, abs=4 * error / np.sqrt(20_000))


def test_no_points_are_refused():
    with pytest.raises(ValueError, match="num_points is 0; it must be at least 1"):
        kl_from_prior(make_model(), EXAMPLES, num_points=0)
