"""The separated attribute predictability (SAP) score."""

import numpy as np

from tfvae.metrics import checks


def sap_score(codes, factors, test_codes=None, test_factors=None, seed: int = 0) -> float:
    """Returns how much better the best single code predicts a factor than the second best.

    Kumar et al. 2018 (arXiv:1711.00848), section 3: the test accuracy of a linear support vector
    machine (C = 0.01, balanced classes) on one code at a time; the difference between the two best
    codes, mean over factors. It is below 1 even for perfect codes.

    Args:
        codes: [N, d], such as posterior means; d is at least 2. Protocol: 10,000 rows.
        factors: integers [N, K].
        test_codes: codes to score on, [M, d], 5,000 by protocol; a third of `codes` if
            None.
        test_factors: their factors, [M, K].
        seed: seed of the held-out split.

    Returns:
        The difference, from 0 to 1; 0, with a warning, if every code is constant.

    Raises:
        ValueError: if codes are NaN, a factor is constant or has fewer than 2 samples per value,
            the arrays have incompatible shapes, or there is a single code.
    """
    codes, factors, test_codes, test_factors = checks.train_and_test(
        codes, factors, test_codes, test_factors, seed
    )
    checks.check_columns(codes, "codes")
    checks.warn_if_inactive(codes, "the score is 0")
    from sklearn.svm import LinearSVC  # noqa: PLC0415

    accuracy = np.zeros([codes.shape[1], factors.shape[1]])
    for j, k in np.ndindex(accuracy.shape):
        machine = LinearSVC(C=0.01, class_weight="balanced", dual=False)
        machine.fit(codes[:, [j]], factors[:, k])
        accuracy[j, k] = machine.score(test_codes[:, [j]], test_factors[:, k])
    second, best = np.sort(accuracy, axis=0)[-2:]
    return float(np.mean(best - second))
