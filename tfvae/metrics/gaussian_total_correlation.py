"""The total correlation of a normal distribution fitted to the codes."""

import numpy as np

from tfvae.metrics import checks


def gaussian_total_correlation(codes, factors=None) -> float:
    """Returns the total correlation of a normal with the codes' covariance C, in nats.

    (sum_j log C_jj - log det C) / 2, Locatello et al. 2019 (arXiv:1811.12359), section 5.2.
    Linearly dependent codes give infinity; constant codes are ignored.

    Args:
        codes: [N, d], such as posterior means; N is more than d. Protocol: 10,000 rows.
        factors: ignored; for the same signature as the other metrics.

    Returns:
        The total correlation, 0 or more; 0, with a warning, if every code is constant.

    Raises:
        ValueError: if codes are NaN, or N is not above d.
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
    if eigenvalues[0] <= active.shape[1] * np.finfo(np.float64).eps:  # singular in float64
        return np.inf
    return float(max(0.0, -0.5 * np.sum(np.log(eigenvalues))))
