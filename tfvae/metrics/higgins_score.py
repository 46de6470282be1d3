"""The Higgins score, also known as the beta-VAE score."""

import warnings
from collections.abc import Callable

import numpy as np

from tfvae.arguments import require_at_least
from tfvae.data import GroundTruthDataset
from tfvae.metrics.observations import (
    VOTES_AT_ONCE,
    encode_once,
    random_images,
    share_factor,
)


def higgins_score(
    encode: Callable,
    data: GroundTruthDataset,
    seed: int,
    num_train: int = 10_000,
    num_test: int = 5_000,
    observations: int = 64,
) -> float:
    """Returns the accuracy of predicting a fixed factor from the differences of paired codes.

    Higgins et al. 2017 (openreview.net/forum?id=Sy2fzU9gl), section 3. For a vote: fix one factor,
    sample L pairs of images that share its value, and take the mean absolute difference of their
    codes. Logistic regression (L2, C = 1) predicts the factor from it; it is fitted on the
    training votes and scored on the test votes.

    Args:
        encode: maps images [n, H, W, C] to codes [n, d], such as posterior means.
        data: a data set with ground-truth factors.
        seed: random seed.
        num_train: number of training votes; 10,000 in the published protocol.
        num_test: number of test votes; 5,000 in the protocol.
        observations: pairs of images per vote, L; 64 in the protocol.

    Returns:
        The accuracy on the test votes, from 0 to 1. If every code is inactive, the accuracy of
        always predicting the most frequent factor, with a warning.

    Raises:
        ValueError: if a number is below 1 (2 for `num_train`), all training votes fix the same
            factor, or codes are NaN.
    """
    require_at_least(2, num_train=num_train)
    require_at_least(1, num_test=num_test, observations=observations)
    generator = np.random.default_rng(seed)
    votes = num_train + num_test
    fixed = generator.integers(0, len(data.factor_sizes), size=votes)
    if np.ptp(fixed[:num_train]) == 0:
        raise ValueError(
            f"num_train is {num_train}, and all of the votes fix the same factor; "
            "increase it so that at least two factors occur"
        )
    images = random_images(generator, data, (2, votes, observations))
    share_factor(images[1], images[0], fixed, data)
    codes, (first, second) = encode_once(encode, data, images)
    blocks = [slice(i, i + VOTES_AT_ONCE) for i in range(0, votes, VOTES_AT_ONCE)]
    differences = np.concatenate(
        [
            np.abs(codes.take(first[block].T, axis=0) - codes.take(second[block].T, axis=0)).mean(0)
            for block in blocks
        ]
    )
    if not differences.any():
        warnings.warn(
            "every code is inactive (constant): the score is the accuracy of always predicting "
            "the most frequent factor",
            stacklevel=2,
        )
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    classifier = LogisticRegression(max_iter=1000)
    classifier.fit(differences[:num_train], fixed[:num_train])
    return float(classifier.score(differences[num_train:], fixed[num_train:]))
