"""Checks of codes and factors, shared by the metrics on arrays."""

import warnings

import numpy as np

BINNED = "tfvae.metrics.bin_factors(factors, bins=20)"  # advice for continuous factors
TEST_SHARE = 1 / 3  # 5,000 of 15,000 points, as published


def check_codes(codes, name: str = "codes") -> np.ndarray:
    """Returns `codes` as float64 [N, d].

    Raises:
        ValueError: if the rank is another one, there are no rows or columns, or codes are NaN or
            infinite.
    """
    codes = np.asarray(codes).astype(np.float64)
    check_matrix(
        codes, name, "[N, d], one row per observation", "fix the encoder, or remove such rows"
    )
    return codes


def check_matrix(values: np.ndarray, name: str, shape: str, fix: str) -> None:
    """Checks that `values` is a matrix of finite numbers with rows and columns.

    Args:
        values: the array.
        name: name of the argument, for messages.
        shape: what its shape must be, for messages.
        fix: what to do about values that are not finite, for messages.

    Raises:
        ValueError: naming the shape, or the first value that is not finite.
    """
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(f"{name} has shape {list(values.shape)}; it must be {shape}")
    broken = np.argwhere(~np.isfinite(values))
    if broken.size:
        row, column = broken[0]
        raise ValueError(
            f"{name} has {values[row, column]} at row {row}, column {column}, and must be finite: "
            f"{fix}"
        )


def check_factors(codes: np.ndarray, factors, name: str = "factors") -> np.ndarray:
    """Returns `factors` as int64 [N, K], one row for each row of `codes`.

    Raises:
        ValueError: if the shape is another one, or values are not integers.
    """
    factors = np.asarray(factors)
    if factors.ndim != 2 or factors.shape[1] == 0:
        raise ValueError(
            f"{name} has shape {list(factors.shape)}; it must be [N, K], one column per factor"
        )
    if len(factors) != len(codes):
        raise ValueError(
            f"{name} has {len(factors)} rows and the codes have {len(codes)}; both must have one "
            "row per observation"
        )
    fractional = factors[factors != np.floor(factors)]
    if fractional.size:
        raise ValueError(
            f"{name} has the value {fractional[0]}; values must be integers: pass "
            f"{BINNED}, which numbers or bins the values of each column"
        )
    return factors.astype(np.int64)


def check_codes_and_factors(codes, factors) -> tuple[np.ndarray, np.ndarray]:
    """Returns `codes` as float64 [N, d] and `factors` as int64 [N, K].

    Raises:
        ValueError: as `check_codes` and `check_factors`; for a factor that is constant, or has
            fewer than 2 samples per value on average.
    """
    codes = check_codes(codes)
    factors = check_factors(codes, factors)
    _check_variation(factors, "factors")
    for column, values in enumerate(factors.T):
        number = len(np.unique(values))
        if len(values) < 2 * number:
            raise ValueError(
                f"factors has {number} values in the {len(values)} rows of column {column}; there "
                "must be at least 2 samples per value on average: give more rows, or pass "
                f"{BINNED}, which bins the values"
            )
    return codes, factors


def _check_variation(factors: np.ndarray, name: str) -> None:
    for column, values in enumerate(factors.T):
        if np.ptp(values) == 0:
            raise ValueError(
                f"{name} has the one value {values[0]} in all {len(values)} rows of column "
                f"{column}; a factor needs at least 2 values: give more rows, or remove it"
            )


def check_columns(array: np.ndarray, name: str) -> None:
    """Raises ValueError if `array` has a single column and the metric compares columns."""
    if array.shape[1] < 2:
        raise ValueError(f"{name} has 1 column; this metric compares columns and needs at least 2")


def train_and_test(
    codes, factors, test_codes, test_factors, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Checks and returns training codes and factors, then test codes and factors.

    If `test_codes` and `test_factors` are None, a random third of the rows is used for them.

    Raises:
        ValueError: as `check_codes_and_factors`; if only one of the two is given, if their number
            of columns differs, or if too few rows remain for training.
    """
    codes, factors = check_codes_and_factors(codes, factors)
    if (test_codes is None) != (test_factors is None):
        missing = "test_codes" if test_codes is None else "test_factors"
        raise ValueError(f"{missing} is None; give both test_codes and test_factors, or neither")
    if test_codes is None:
        order = np.random.default_rng(seed).permutation(len(codes))
        test, train = np.split(order, [round(len(codes) * TEST_SHARE)])
        _check_variation(factors[train], "the training share of factors")
        return codes[train], factors[train], codes[test], factors[test]
    test_codes = check_codes(test_codes, "test_codes")
    test_factors = check_factors(test_codes, test_factors, "test_factors")
    for name, test_array, array in (
        ("codes", test_codes, codes),
        ("factors", test_factors, factors),
    ):
        if test_array.shape[1] != array.shape[1]:
            raise ValueError(
                f"test_{name} has {test_array.shape[1]} columns and {name} has {array.shape[1]}; "
                "they must be the same"
            )
    return codes, factors, test_codes, test_factors


def varying(codes: np.ndarray) -> np.ndarray:
    """Returns which codes are not constant, bool [d]."""
    return np.ptp(codes, axis=0) > 0


def warn_if_inactive(codes: np.ndarray, floor: str) -> None:
    """Warns if every code is constant; `floor` states the score in this case."""
    if not varying(codes).any():
        # stacklevel 3 points to the caller of the metric.
        warnings.warn(f"every code is inactive (constant): {floor}", stacklevel=3)
