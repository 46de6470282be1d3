"""Modularity of the codes."""

import numpy as np

from tfvae.metrics import checks
from tfvae.metrics.mutual_information import binned_mutual_information


def modularity(codes, factors, bins: int = 20) -> float:
    """Returns the degree to which each code is informative about only one factor.

    Ridgeway & Mozer 2018 (arXiv:1802.05312), section 3: for each code, 1 minus the sum of its
    squared mutual information with all factors except the best, divided by (best squared *
    (K - 1)); the mean over codes, where a constant code counts as 0.

    Args:
        codes: [N, d], such as posterior means. Protocol: 10,000 rows.
        factors: integers [N, K]; K is at least 2.
        bins: number of equal-width bins per code.

    Returns:
        The modularity, from 0 to 1; 0, with a warning, if every code is constant.

    Raises:
        ValueError: if codes are NaN, a factor is constant or has fewer than 2 samples per value,
            codes and factors have different lengths, or there is a single factor or fewer than 2
            bins.
    """
    codes, factors = checks.check_codes_and_factors(codes, factors)
    checks.check_columns(factors, "factors")
    checks.warn_if_inactive(codes, "the score is 0")
    squared = binned_mutual_information(codes, factors, bins) ** 2
    best = squared.max(axis=1)
    informed = best > 0
    others = squared.sum(axis=1)[informed] - best[informed]
    score = np.zeros(len(best))
    score[informed] = 1 - others / (best[informed] * (factors.shape[1] - 1))
    return float(score.mean())
