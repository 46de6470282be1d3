"""Explicitness."""

import numpy as np

from tfvae.metrics import checks


def explicitness(codes, factors, test_codes=None, test_factors=None, seed: int = 0) -> float:
    """Returns how well factors are read off all codes by a linear classifier.

    Ridgeway & Mozer 2018 (arXiv:1802.05312), section 3: logistic regression (L2, C = 1) on
    standardised codes, its one-vs-rest area under the ROC curve on held-out points; the mean over
    a factor's values (those of both parts), then over factors.

    Args:
        codes: [N, d], such as posterior means. Protocol: 10,000 rows.
        factors: whole numbers [N, K].
        test_codes: codes to score on, [M, d]; without them a third of `codes` is held out.
        test_factors: their factors, [M, K].
        seed: of what is held out.

    Returns:
        The area, 1 at best; its floor of chance 0.5, with a warning, where every code is constant.

    Raises:
        ValueError: for NaN codes, a factor that never varies or has fewer than 2 samples a value,
            or arrays whose shapes do not fit together.
    """
    codes, factors, test_codes, test_factors = checks.train_and_test(
        codes, factors, test_codes, test_factors, seed
    )
    checks.warn_if_inactive(codes, "the score is 0.5, the floor of chance")
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    scaler = StandardScaler().fit(codes)
    codes, test_codes = scaler.transform(codes), scaler.transform(test_codes)
    areas = [
        _area(codes, factors[:, k], test_codes, test_factors[:, k], k)
        for k in range(factors.shape[1])
    ]
    return float(np.mean(areas))


def _area(codes, factor, test_codes, test_factor, column: int) -> float:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415

    classifier = LogisticRegression(max_iter=1000).fit(codes, factor)
    probabilities = classifier.predict_proba(test_codes)
    areas = [
        roc_auc_score(test_factor == value, probability)
        for value, probability in zip(classifier.classes_, probabilities.T, strict=True)
        if 0 < np.sum(test_factor == value) < len(test_factor)
    ]
    if not areas:
        raise ValueError(
            f"no value of factor column {column} can be scored on the {len(test_factor)} held-out "
            "rows: they must hold at least 2 values, one of them fitted; give more rows"
        )
    return float(np.mean(areas))
