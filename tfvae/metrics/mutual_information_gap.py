"""The mutual information gap (MIG) with binned codes."""

from tfvae.metrics import checks
from tfvae.metrics.mutual_information import binned_mutual_information, entropies, gap


def mutual_information_gap(codes, factors, bins: int = 20) -> float:
    """Returns the normalised gap in mutual information between the two best codes of a factor.

    Chen et al. 2018 (arXiv:1802.04942), section 4, with binned codes as in Locatello et al. 2019
    (arXiv:1811.12359): the gap in I(z_j; v_k) divided by H(v_k), mean over the factors.

    Args:
        codes: [N, d], such as posterior means; d is at least 2. Protocol: 10,000 rows.
        factors: integers [N, K].
        bins: number of equal-width bins between a code's minimum and maximum.

    Returns:
        The gap, from 0 to 1; 0, with a warning, if every code is constant.

    Raises:
        ValueError: if codes are NaN, a factor is constant or has fewer than 2 samples per value,
            codes and factors have different lengths, or there is a single code or fewer than 2
            bins.
    """
    codes, factors = checks.check_codes_and_factors(codes, factors)
    checks.check_columns(codes, "codes")
    checks.warn_if_inactive(codes, "the score is 0")
    return gap(binned_mutual_information(codes, factors, bins), entropies(factors))
