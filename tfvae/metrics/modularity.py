"""Modularity."""

import numpy as np

from tfvae.metrics import checks
from tfvae.metrics.mutual_information import binned_mutual_information


def modularity(codes, factors, bins: int = 20) -> float:
    """Returns how far each code tells of one factor only.

    Ridgeway & Mozer 2018 (arXiv:1802.05312), section 3: for each code, 1 - the sum of the squared
    mutual informations with all factors but the best over (best squared * (K - 1)); the mean over
    codes, a constant code counting 0.

    Args:
        codes: [N, d], such as posterior means. Protocol: 10,000 rows.
        factors: whole numbers [N, K]; K is at least 2.
        bins: equal widths that each code is cut into.

    Returns:
        The modularity, from 0 to 1; 0, with a warning, where every code is constant.

    Raises:
        ValueError: for NaN codes, a factor that never varies or has fewer than 2 samples a value,
            codes and factors of different length, a single factor, or fewer than 2 bins.
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
