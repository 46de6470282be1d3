"""The interventional robustness score (IRS)."""

import numpy as np

from tfvae.metrics import checks

QUANTILE = 0.99  # rather than the paper's maximum, which one outlier decides


def interventional_robustness_score(codes, factors) -> float:
    """Returns how little a code moves while its own factor stands still and the others change.

    Suter et al. 2019 (arXiv:1811.00007), section 4. For each factor value the 0.99 quantile of
    |z - E[z | value]|, averaged over the factor's values, over the code's largest deviation from
    its mean; 1 - that for the best factor of each code, weighted by the largest deviation.

    Args:
        codes: [N, d], such as posterior means. Protocol: 10,000 rows.
        factors: whole numbers [N, K].

    Returns:
        The score, from 0 to 1; 0, with a warning, where every code is constant.

    Raises:
        ValueError: for NaN codes, a factor that never varies or has fewer than 2 samples a value,
            or codes and factors of different length.
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
    """The quantile of deviations from E[z | value], mean over the values of `factor`; [d]."""
    groups = [codes[factor == value] for value in np.unique(factor)]
    return np.mean(
        [np.quantile(np.abs(z - z.mean(axis=0)), QUANTILE, axis=0) for z in groups], axis=0
    )
