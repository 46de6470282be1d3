"""The mutual information gap (MIG), of binned codes."""

from tfvae.metrics import checks
from tfvae.metrics.mutual_information import binned_mutual_information, entropies, gap


def mutual_information_gap(codes, factors, bins: int = 20) -> float:
    """Returns how much more the best code tells of a factor than the second best does.

    Chen et al. 2018 (arXiv:1802.04942), section 4, with the codes cut into bins as Locatello et
    al. 2019 (arXiv:1811.12359) do: the gap in I(z_j; v_k) over H(v_k), mean over the factors.

    Args:
        codes: [N, d], such as posterior means; d is at least 2. Protocol: 10,000 rows.
        factors: whole numbers [N, K].
        bins: equal widths between a code's least and greatest value.

    Returns:
        The gap, from 0 to 1; 0, with a warning, where every code is constant.

    Raises:
        ValueError: for NaN codes, a factor that never varies or has fewer than 2 samples a value,
            codes and factors of different length, a single code, or fewer than 2 bins.
    """
    codes, factors = checks.check_codes_and_factors(codes, factors)
    checks.check_columns(codes, "codes")
    checks.warn_if_inactive(codes, "the score is 0")
    return gap(binned_mutual_information(codes, factors, bins), entropies(factors))
