"""Metrics on arrays, compared with values computed independently."""

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from tfvae import metrics
from tfvae.metrics.dci import concentration
from tfvae.metrics.mutual_information import binned_mutual_information


def entropy(*shares: float) -> float:
    return -sum(share * np.log(share) for share in shares)


def test_mutual_information_gap_of_a_table():
    # Code 0 equals v_0 in three cases of four; code 1 equals v_1; code 2 is uninformative.
    v = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 4)
    z = np.stack([v[:, 0], v[:, 1], np.repeat([0, 1], 8)], axis=1).astype(float)
    z[:4, 0] = 1 - z[:4, 0]
    information = np.log(2) - entropy(0.25, 0.75)
    assert metrics.mutual_information_gap(z, v) == pytest.approx((information / np.log(2) + 1) / 2)


def test_mutual_information_is_of_equal_width_bins():
    generator = np.random.default_rng(0)
    z, v = generator.normal(size=(500, 2)), generator.integers(0, 3, (500, 2))
    z[:, 0] += v[:, 1]
    binned = np.floor((z - z.min(0)) / np.ptp(z, axis=0) * 20).clip(max=19)
    expected = [[mutual_info_score(b, f) for f in v.T] for b in binned.T]
    np.testing.assert_allclose(binned_mutual_information(z, v, 20), expected, atol=1e-12)


def test_modularity_of_one_code_for_two_factors_is_zero():
    v = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 4)
    both = 2 * v[:, 0] + v[:, 1]
    # The mean of 0 for the code of both, 1 for that of one, 0 for that of none.
    codes = np.stack([both, v[:, 0], np.zeros(16)], axis=1)
    assert metrics.modularity(codes, v) == pytest.approx(1 / 3)


@pytest.mark.parametrize(("stddev", "gap"), [(0.1, 1.0), (1.0, 0.4859)])
def test_aggregate_gap_is_that_of_a_binary_channel(stddev, gap):
    # I(z; v) for v = +-1 and noise of variance 1 is 0.4859 bits; the other latent is uninformative.
    v = np.array([[0], [1]] * 50)
    means = np.concatenate([2.0 * v - 1, np.zeros_like(v)], axis=1)
    stddevs = np.full_like(means, stddev)
    score = metrics.mutual_information_gap_aggregate(means, stddevs, v, num_points=20_000)
    assert score == pytest.approx(gap, abs=0.01)


def test_aggregate_gap_sums_over_blocks_of_rows():
    generator = np.random.default_rng(0)
    v = generator.integers(0, 2, (200, 1))
    means = generator.normal(size=(200, 2)) + v
    few = metrics.mutual_information_gap_aggregate(means, np.ones_like(means), v, 0, 300)
    many = [np.tile(a, [50, 1]) for a in (means, np.ones_like(means), v)]  # 10,000 rows, same q(z)
    assert metrics.mutual_information_gap_aggregate(*many, 0, 3000) == pytest.approx(few, abs=0.03)


@pytest.mark.parametrize(
    ("stddevs", "kwargs", "message"),
    [
        (np.zeros([4, 2]), {}, r"stddevs has the value 0\.0; it must be above 0"),
        (np.ones([4, 3]), {}, r"stddevs has shape \[4, 3\] and means \[4, 2\]"),
        (np.ones([4, 2]), {"num_points": 0}, "num_points is 0; it must be at least 1"),
    ],
)
def test_aggregate_gap_rejects_invalid_posteriors(stddevs, kwargs, message):
    means, factors = np.array([[0.0, 1], [1, 2], [2, 3], [3, 4]]), np.array([[0], [1], [0], [1]])
    with pytest.raises(ValueError, match=message):
        metrics.mutual_information_gap_aggregate(means, stddevs, factors, **kwargs)


def test_sap_is_the_difference_of_two_accuracies():
    v = np.repeat([0, 1], 200)[:, None]
    codes = np.stack([6.0 * v[:, 0] - 3, np.tile([-1.0, 1.0], 200)], axis=1)
    assert metrics.sap_score(codes, v, codes, v) == pytest.approx(1 - 0.5)
    wrong = codes[:, [0, 0]] * [1, -1]  # on the test points the second code is the other way round
    assert metrics.sap_score(codes[:, [0, 0]], v, wrong, v) == pytest.approx(1.0)


def test_explicitness_is_scored_on_held_out_points():
    v = np.tile([0, 1], 100)[:, None]
    codes = np.concatenate([2.0 * v - 1, v * 0.0], axis=1)
    assert metrics.explicitness(codes, v, codes, v) == 1.0
    assert metrics.explicitness(codes, v, -codes, v) == 0.0
    with pytest.raises(ValueError, match="no value of factor column 0 can be scored on the 100"):
        metrics.explicitness(codes, v, codes[::2], v[::2])


def test_robustness_of_codes_changed_by_another_factor():
    v = np.array([[a, b] for a in (0, 1) for b in (0, 1) for _ in range(50)])
    moved = v[:, :1] + 0.25 * v[:, 1:]  # E[z|a] +- 1/8, and +- 5/8 around the mean of all
    assert metrics.interventional_robustness_score(moved, v) == pytest.approx(1 - (1 / 8) / (5 / 8))
    # Weighted by the largest deviation: 5/8, and 5 for ten times the other factor.
    both = np.concatenate([moved, 10.0 * v[:, 1:]], axis=1)
    assert metrics.interventional_robustness_score(both, v) == pytest.approx(
        (0.8 * 5 / 8 + 1.0 * 5) / (5 / 8 + 5)
    )


def test_robustness_takes_the_quantile_rather_than_the_maximum():
    v = np.repeat([0, 1], 1000)[:, None]
    z = v * 2.0 - 1
    z[0] = 5.0  # one in a thousand
    assert metrics.interventional_robustness_score(z, v) > 0.99


def test_gaussian_total_correlation_is_the_closed_form():
    generator = np.random.default_rng(0)
    white = generator.normal(size=(1000, 3))
    white, _ = np.linalg.qr(white - white.mean(axis=0))  # of covariance exactly proportional to I
    codes = white @ np.linalg.cholesky([[1, 0.6, 0], [0.6, 1, 0], [0, 0, 1]]).T
    expected = -0.5 * np.log(1 - 0.6**2)
    assert metrics.gaussian_total_correlation(codes) == pytest.approx(expected)
    constant = np.concatenate([codes, np.ones([1000, 1])], axis=1)
    assert metrics.gaussian_total_correlation(constant) == pytest.approx(expected)
    assert metrics.gaussian_total_correlation(codes[:, [0, 1, 0]]) == np.inf
    with pytest.raises(
        ValueError, match="codes has 3 rows; a covariance of 3 codes needs at least 4"
    ):
        metrics.gaussian_total_correlation(codes[:3])


def test_active_units_are_those_above_the_threshold():
    codes = np.tile([[-1.0], [1.0]], [10, 3]) * np.sqrt([0.009, 0.011, 4.0])
    assert metrics.active_units(codes) == 2
    assert metrics.active_units(codes, threshold=1.0) == 1


def test_concentration_is_the_weighted_entropy():
    importances = np.array([[0.5, 0.5, 0.0], [3.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    expected = (1 * (1 - np.log(2) / np.log(3)) + 3 * 1) / 4
    assert concentration(importances) == pytest.approx(expected)


def test_processes_give_what_one_gives(monkeypatch):
    generator = np.random.default_rng(0)
    codes, factors = generator.normal(size=(60, 2)), generator.integers(0, 2, (60, 2))
    alone = metrics.dci(codes, factors)
    monkeypatch.setitem(metrics.dci.__globals__, "PARALLEL_FROM", 0)
    assert metrics.dci(codes, factors) == alone
