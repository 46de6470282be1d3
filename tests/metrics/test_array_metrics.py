"""Properties shared by the metrics on arrays: floors, ceilings, invariances and errors."""

import itertools

import numpy as np
import pytest

from tfvae import metrics
from tfvae.metrics import checks

SIZES = (2, 3, 4)
# Every combination of factors eight times.
FACTORS = np.array(list(itertools.product(*map(range, SIZES))) * 8)
IDENTITY = FACTORS.astype(np.float32)
CONSTANT = np.full_like(IDENTITY, 0.3)

ALL = {
    "mutual_information_gap": metrics.mutual_information_gap,
    "mutual_information_gap_aggregate": lambda codes, factors: (
        metrics.mutual_information_gap_aggregate(
            codes, np.full_like(codes, 0.05, np.float64), factors, num_points=500
        )
    ),
    "modularity": metrics.modularity,
    "explicitness": metrics.explicitness,
    "sap_score": metrics.sap_score,
    "dci": metrics.dci,
    "interventional_robustness_score": metrics.interventional_robustness_score,
    "gaussian_total_correlation": metrics.gaussian_total_correlation,
    "active_units": metrics.active_units,
}
OF_FACTORS = [name for name in ALL if name not in ("gaussian_total_correlation", "active_units")]
CEILING_ONE = [name for name in OF_FACTORS if name != "sap_score"]


@pytest.mark.parametrize("name", CEILING_ONE)
def test_identity_is_near_one(name):
    np.testing.assert_allclose(ALL[name](IDENTITY, FACTORS), 1.0, atol=0.01)


@pytest.mark.parametrize("name", [name for name in OF_FACTORS if name != "explicitness"])
def test_rotated_codes_score_lower(name):
    angle = np.pi / 4
    rotation = np.eye(3)
    rotation[1:, 1:] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    standard = (IDENTITY - IDENTITY.mean(axis=0)) / IDENTITY.std(axis=0)
    rotated = ALL[name](standard @ rotation, FACTORS)
    straight = ALL[name](standard, FACTORS)
    assert np.ravel(rotated)[0] < np.ravel(straight)[0] - 0.1


@pytest.mark.parametrize(
    ("name", "floor"),
    [
        ("mutual_information_gap", 0),
        ("mutual_information_gap_aggregate", 0),
        ("modularity", 0),
        ("explicitness", 0.5),
        ("sap_score", 0),
        ("interventional_robustness_score", 0),
        ("gaussian_total_correlation", 0),
        ("active_units", 0),
    ],
)
def test_constant_codes_score_the_floor_with_a_warning(name, floor):
    with pytest.warns(UserWarning, match="every code is inactive") as caught:
        assert ALL[name](CONSTANT, FACTORS) == floor
    assert caught[0].filename == __file__  # the line that called, not one of the library


def test_constant_codes_predict_the_most_frequent_value():
    factors = np.stack([np.arange(90) % 3 // 2, np.arange(90) % 2], axis=1)  # 2/3, 1/2
    constant = np.zeros([90, 2])
    with pytest.warns(UserWarning, match="informativeness is the accuracy of always"):
        score = metrics.dci(constant, factors, constant, factors)
    assert score == (0, 0, pytest.approx((2 / 3 + 1 / 2) / 2))


def random_codes():
    """Two codes for one factor each and an uninformative one, as training and test arrays."""
    generator = np.random.default_rng(0)
    codes, factors = generator.normal(size=(150, 3)), generator.integers(0, SIZES, (150, 3))
    test_codes, test_factors = generator.normal(size=(90, 3)), generator.integers(0, SIZES, (90, 3))
    codes[:, :2] += factors[:, :2]
    test_codes[:, :2] += test_factors[:, :2]
    return codes, factors, test_codes, test_factors


@pytest.mark.parametrize(
    ("name", "golden"),
    [
        ("mutual_information_gap", 0.107788),
        ("modularity", 0.507879),
        ("interventional_robustness_score", 0.295053),
        ("gaussian_total_correlation", 0.000949),
        ("active_units", 3),
    ],
)
def test_golden_values_of_random_codes(name, golden):
    assert ALL[name](*random_codes()[:2]) == pytest.approx(golden, abs=2e-6)


@pytest.mark.parametrize(
    ("name", "golden", "tolerance"),
    [
        ("sap_score", 0.140741, 0.01),
        ("explicitness", 0.696153, 0.005),
        ("dci", (0.058383, 0.071780, 0.470370), 0.02),  # scikit-learn's trees may change
    ],
)
def test_golden_values_of_held_out_random_codes(name, golden, tolerance):
    np.testing.assert_allclose(ALL[name](*random_codes()), golden, atol=tolerance)


@pytest.mark.parametrize("name", ["sap_score", "explicitness", "dci"])
def test_without_test_arrays_the_seed_splits(name):
    codes, factors, *_ = random_codes()
    first = ALL[name](codes, factors, seed=1)
    assert ALL[name](codes, factors, seed=1) == first
    assert ALL[name](codes, factors, seed=2) != first


@pytest.mark.parametrize(
    "name", ["mutual_information_gap", "modularity", "explicitness", "gaussian_total_correlation"]
)
def test_permuting_shifting_and_rescaling_codes_changes_nothing(name):
    codes, factors, *_ = random_codes()
    moved = codes[:, [2, 0, 1]] * [-3.0, 0.01, 40.0] + [5.0, -0.1, 0.0]
    assert ALL[name](moved, factors) == pytest.approx(ALL[name](codes, factors), abs=1e-6)


@pytest.mark.parametrize("name", ["interventional_robustness_score", "sap_score", "active_units"])
def test_permuting_codes_changes_nothing(name):
    codes, factors, *_ = random_codes()
    assert ALL[name](codes[:, [2, 0, 1]], factors) == pytest.approx(ALL[name](codes, factors))


@pytest.mark.parametrize("name", OF_FACTORS)
def test_factor_values_are_only_names(name):
    codes, factors, *_ = random_codes()
    renamed = (1000 * factors - 7).astype(np.float64)
    assert ALL[name](codes, renamed) == pytest.approx(ALL[name](codes, factors))


@pytest.mark.parametrize("name", ALL)
def test_nan_codes_are_refused(name):
    broken = IDENTITY.copy()
    broken[5, 1] = np.nan
    with pytest.raises(ValueError, match="has nan at row 5, column 1, and must be finite"):
        ALL[name](broken, FACTORS)


@pytest.mark.parametrize("name", OF_FACTORS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f[:-1], "factors has 191 rows and .* have 192; both must have one row"),
        (lambda f: f * [1, 0, 1], "factors has the one value 0 in all 192 rows of column 1"),
        (
            lambda f: f + np.arange(len(f))[:, None],
            "factors has 1.. values in the 192 rows of column 0; there must be at least 2 samples"
            " .*bin_factors",
        ),
        (lambda f: f + 0.5, r"the value 0\.5; values must be integers: pass .*bin_factors"),
        (lambda f: f[:, 0], r"factors has shape \[192\]; it must be \[N, K\]"),
    ],
)
def test_bad_factors_are_refused(name, change, message):
    with pytest.raises(ValueError, match=message):
        ALL[name](IDENTITY, change(FACTORS))


def test_continuous_factors_in_bins():
    """Of a code for each factor, continuous ones too, a metric sees the bins."""
    continuous = np.random.default_rng(0).uniform(size=[4000, 2])
    factors = np.concatenate([continuous, np.arange(4000)[:, None] % 3 / 2], axis=1)
    binned = metrics.bin_factors(factors, bins=10)
    np.testing.assert_array_equal(binned[:, :2], np.floor(10 * rescaled(continuous)).clip(0, 9))
    np.testing.assert_array_equal(binned[:, 2], np.arange(4000) % 3)
    assert metrics.mutual_information_gap(factors, binned) > 0.95
    edges = [[0.5], [0.2, 0.4], [1.0]]
    expected = (factors[:, :, None] >= [[0.5, 2], [0.2, 0.4], [1, 2]]).sum(axis=2)
    np.testing.assert_array_equal(metrics.bin_factors(factors, edges), expected)


def rescaled(columns):
    return (columns - columns.min(0)) / np.ptp(columns, axis=0)


@pytest.mark.parametrize(
    ("factors", "bins", "message"),
    [
        ([0.1, 0.2], 20, r"factors has shape \[2\]; it must be \[N, K\]"),
        ([[0.1], [np.nan]], 20, "factors has nan at row 1, column 0"),
        ([[0.1], [0.2]], 1, "bins is 1; it must be at least 2"),
        ([[0.1], [0.2]], [[0.2, 0.1]], r"edges, of column 0 \[0.2, 0.1\]; it must be increasing"),
        ([[0.1, 0.3], [0.2, 0.4]], [[0.2]], "bins has 1 sequences of edges, of column 1"),
    ],
)
def test_factors_that_cannot_be_binned(factors, bins, message):
    with pytest.raises(ValueError, match=message):
        metrics.bin_factors(factors, bins)


@pytest.mark.parametrize("name", ["sap_score", "explicitness", "dci"])
def test_bad_test_arrays_are_refused(name):
    score = ALL[name]
    with pytest.raises(ValueError, match="test_factors is None; give both"):
        score(IDENTITY, FACTORS, IDENTITY)
    with pytest.raises(ValueError, match="test_codes has 2 columns and codes has 3"):
        score(IDENTITY, FACTORS, IDENTITY[:, :2], FACTORS)
    with pytest.raises(ValueError, match="test_factors has 191 rows"):
        score(IDENTITY, FACTORS, IDENTITY, FACTORS[1:])


def test_too_few_rows_to_split_are_refused():
    factors = np.array([[0], [0], [0], [1], [1]])  # two of five rows are kept for the test
    with pytest.raises(ValueError, match="the training share of factors has the one value 0"):
        for seed in range(100):
            checks.train_and_test(factors, factors, None, None, seed)


@pytest.mark.parametrize("name", ["mutual_information_gap", "sap_score", "dci"])
def test_a_single_code_is_refused(name):
    with pytest.raises(ValueError, match="codes has 1 column"):
        ALL[name](IDENTITY[:, :1], FACTORS)


@pytest.mark.parametrize("name", ["modularity", "dci"])
def test_a_single_factor_is_refused(name):
    with pytest.raises(ValueError, match="factors has 1 column"):
        ALL[name](IDENTITY, FACTORS[:, :1])
