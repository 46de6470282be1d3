"""The interventional robustness score (IRS)."""

import numpy as np

from tfvae.metrics import checks

QUANTILE = 0.99  # instead of the paper's maximum, which depends on a single outlier


def interventional_robustness_score(codes, factors) -> float:
    """Returns how little a code changes while its factor is fixed and the others vary.

    Suter et al. 2019 (arXiv:1811.00007), section 4. The 0.99 quantile of |z - E[z | value]| is
    averaged over a factor's values and divided by the code's largest deviation from its mean. The
    score is 1 minus this ratio for the best factor of each code, averaged over codes with their
    largest deviation as weight.

    Args:
        codes: [N, d], such as posterior means. Protocol: 10,000 rows.
        factors: integers [N, K].

    Returns:
        The score, from 0 to 1; 0, with a warning, if every code is constant.

    Raises:
        ValueError: if codes are NaN, a factor is constant or has fewer than 2 samples per value,
            or codes and factors have different lengths.
    """
    codes, factors = checks.check_codes_and_factors(codes, factors)
    checks.warn_if_inactive(codes, "the score is 0")
    codes = codes[:, checks.varying(codes)]
    if codes.shape[1] == 0:
        return 0.0
    largest = np.abs(codes - codes.mean(axis=0)).max(axis=0)  # [d]
    deviations = np.stack([_deviation(codes, factor) for factor in factors.T])  # [K, d]
    robustness = 1 - (deviations / largest).min(axis=0)
    return float(np.average(robustness, weights=largest))


def _deviation(codes: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Returns the quantile of |z - E[z | value]|, mean over the values of `factor`; [d]."""
    groups = [codes[factor == value] for value in np.unique(factor)]
    return np.mean(
        [np.quantile(np.abs(z - z.mean(axis=0)), QUANTILE, axis=0) for z in groups], axis=0
    )
