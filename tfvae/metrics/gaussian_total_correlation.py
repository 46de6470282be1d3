"""The total correlation of a normal distribution fitted to the codes."""

import numpy as np

from tfvae.metrics import checks


def gaussian_total_correlation(codes, factors=None) -> float:
    """Returns the total correlation of the normal of the codes' covariance, in nats.

    (sum_j log C_jj - log det C) / 2, Locatello et al. 2019 (arXiv:1811.12359), section 5.2. Codes
    that depend on each other linearly give infinity; constant codes are left out.

    Args:
        codes: [N, d], such as posterior means; N is more than d. Protocol: 10,000 rows.
        factors: not used; metrics on arrays are called alike.

    Returns:
        The total correlation, 0 or more; 0, with a warning, where every code is constant.

    Raises:
        ValueError: for NaN codes, or no more rows than codes.
    """
    del factors
    codes = checks.check_codes(codes)
    if len(codes) <= codes.shape[1]:
        raise ValueError(
            f"codes has {len(codes)} rows; a covariance of {codes.shape[1]} codes needs at least "
            f"{codes.shape[1] + 1}"
        )
    checks.warn_if_inactive(codes, "the total correlation is 0")
    active = codes[:, checks.varying(codes)]
    if active.shape[1] < 2:
        return 0.0
    eigenvalues = np.linalg.eigvalsh(np.corrcoef(active, rowvar=False))
    if eigenvalues[0] <= active.shape[1] * np.finfo(np.float64).eps:  # as far as float64 tells
        return np.inf
    return float(max(0.0, -0.5 * np.sum(np.log(eigenvalues))))
