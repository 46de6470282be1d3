"""Disentanglement, completeness and informativeness (DCI)."""

from typing import NamedTuple

import numpy as np

from tfvae.metrics import checks

PARALLEL_FROM = 2_000  # rows; fewer are fitted faster than processes start


class DCI(NamedTuple):
    """The three scores, each from 0 to 1.

    Attributes:
        disentanglement: degree to which each code is important for only one factor.
        completeness: degree to which each factor depends on only one code.
        informativeness: accuracy of predicting the factors on test data.
    """

    disentanglement: float
    completeness: float
    informativeness: float


def dci(codes, factors, test_codes=None, test_factors=None, seed: int = 0) -> DCI:
    """Returns disentanglement, completeness and informativeness.

    Eastwood & Williams 2018 (openreview.net/forum?id=By-7dz-AZ), section 2, with gradient boosted
    trees (scikit-learn's default settings, impurity importances) as in Locatello et al. 2019
    (arXiv:1811.12359). Disentanglement is one minus the entropy of a code's importances over
    factors, averaged with the code's total importance as weight; completeness likewise for the
    factors over codes.

    From 2,000 rows on, each factor is fitted in its own process. At the protocol's size and with
    factors of 3, 6, 40, 32 and 32 values this takes about four minutes on two cores.

    Args:
        codes: [N, d], such as posterior means; d is at least 2. Protocol: 10,000 rows.
        factors: integers [N, K]; K is at least 2.
        test_codes: codes to score on, [M, d], 5,000 by protocol; a third of `codes` if
            None.
        test_factors: their factors, [M, K].
        seed: seed of the trees and of the held-out split.

    Returns:
        The scores. If every code is constant, 0, 0 and the accuracy of always predicting the most
        frequent value, with a warning.

    Raises:
        ValueError: if codes are NaN, a factor is constant or has fewer than 2 samples per value,
            the arrays have incompatible shapes, or there is a single code or factor.
    """
    codes, factors, test_codes, test_factors = checks.train_and_test(
        codes, factors, test_codes, test_factors, seed
    )
    checks.check_columns(codes, "codes")
    checks.check_columns(factors, "factors")
    checks.warn_if_inactive(
        codes,
        "disentanglement and completeness are 0, informativeness is the accuracy of always "
        "predicting the most frequent value",
    )
    from sklearn.ensemble import GradientBoostingClassifier  # noqa: PLC0415
    from sklearn.utils.parallel import Parallel, delayed  # noqa: PLC0415

    # Bound methods of scikit-learn, so that the processes do not import tfvae and TensorFlow.
    trees = Parallel(n_jobs=-1 if len(codes) >= PARALLEL_FROM else 1)(
        delayed(GradientBoostingClassifier(random_state=seed).fit)(codes, factor)
        for factor in factors.T
    )
    importances = np.stack([tree.feature_importances_ for tree in trees], axis=1)  # [d, K]
    accuracies = [
        tree.score(test_codes, factor) for tree, factor in zip(trees, test_factors.T, strict=True)
    ]
    return DCI(
        disentanglement=concentration(importances),
        completeness=concentration(importances.T),
        informativeness=float(np.mean(accuracies)),
    )


def concentration(importances: np.ndarray) -> float:
    """Returns 1 - normalised entropy of the rows, averaged by their sums; 0 if all are 0."""
    total = importances.sum(axis=1)
    if not total.any():
        return 0.0
    shares = importances[total > 0] / total[total > 0, None]
    entropy = -np.sum(shares * np.log(np.where(shares > 0, shares, 1.0)), axis=1)
    rows = 1 - entropy / np.log(importances.shape[1])
    return float(np.average(rows, weights=total[total > 0]))
