"""The number of active units."""

import warnings

import numpy as np

from tfvae.metrics import checks


def active_units(codes, factors=None, threshold: float = 0.01) -> int:
    """Returns the number of codes that vary over the data: Var_x E_q[z_j] > threshold.

    Burda et al. 2016 (arXiv:1509.00519), section 5.2.

    Args:
        codes: posterior means, [N, d].
        factors: ignored; for the same signature as the other metrics.
        threshold: variance above which a unit is active.

    Returns:
        The number of active units, from 0 (with a warning) to d.

    Raises:
        ValueError: if codes are NaN.
    """
    del factors
    codes = checks.check_codes(codes)
    number = int(np.sum(codes.var(axis=0) > threshold))
    if number == 0:
        warnings.warn(f"every code is inactive (variance at most {threshold})", stacklevel=2)
    return number
