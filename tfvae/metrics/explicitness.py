"""Explicitness of factors in the codes."""

import numpy as np

from tfvae.metrics import checks


def explicitness(codes, factors, test_codes=None, test_factors=None, seed: int = 0) -> float:
    """Returns how well a linear classifier predicts the factors from all codes.

    Ridgeway & Mozer 2018 (arXiv:1802.05312), section 3: logistic regression (L2, C = 1) on
    standardised codes and its one-vs-rest area under the ROC curve on test data; the mean over a
    factor's values (those in both training and test data), then over factors.

    Args:
        codes: [N, d], such as posterior means. Protocol: 10,000 rows.
        factors: integers [N, K].
        test_codes: codes to score on, [M, d]; a third of `codes` if None.
        test_factors: their factors, [M, K].
        seed: seed of the held-out split.

    Returns:
        The area, at most 1; chance level 0.5, with a warning, if every code is constant.

    Raises:
        ValueError: if codes are NaN, a factor is constant or has fewer than 2 samples per value,
            or the arrays have incompatible shapes.
    """
    codes, factors, test_codes, test_factors = checks.train_and_test(
        codes, factors, test_codes, test_factors, seed
    )
    checks.warn_if_inactive(codes, "the score is 0.5, chance level")
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
            "rows: they must have at least 2 values, one of them in the training data; give more "
            "rows"
        )
    return float(np.mean(areas))
