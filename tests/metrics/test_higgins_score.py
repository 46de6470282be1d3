import numpy as np
import pytest

from tests.metrics.factor_images import Factors, identity
from tfvae.metrics import higgins_score

VOTES = {"num_train": 400, "num_test": 400, "observations": 32}


def score(encode, seed=0, **kwargs):
    return higgins_score(encode, Factors(), seed, **{**VOTES, **kwargs})


def test_ceiling_is_one_for_the_factors_themselves():
    assert score(identity) == 1.0


def test_floor_of_constant_codes_is_the_most_frequent_factor():
    with pytest.warns(UserWarning, match="every code is inactive"):
        floor = score(lambda images: np.zeros([len(images), 4]))
    assert 1 / 3 - 0.08 < floor < 1 / 3 + 0.08


def test_uninformative_codes_stay_at_the_floor():
    def noise(images):
        return np.random.default_rng(len(images)).normal(size=(len(images), 4))

    assert score(noise) < 0.45


def test_each_vote_is_of_pairs_that_share_one_factor_only():
    # One pair a vote, codes far apart: a difference is 0 where a factor is shared, or by chance.
    def encode(images):
        return identity(images) * 1000.0

    differences = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "sklearn.linear_model.LogisticRegression.fit",
            lambda self, x, y: differences.append((x, y)),
        )
        patch.setattr("sklearn.linear_model.LogisticRegression.score", lambda self, x, y: 0.0)
        score(encode, observations=1)
    (x, fixed) = differences[0]
    assert np.all(x[np.arange(400), fixed] == 0)
    others = x[np.arange(400), (fixed + 1) % 3]
    assert 0.05 < np.mean(others == 0) < 0.35  # 1/5 to 1/7 by chance


def test_seed_decides_the_draws():
    def encode(images):
        a, b, c = identity(images).T
        return np.stack([a + 0.7 * b, b + 0.7 * c, c + 0.7 * a], axis=1)

    assert score(encode, 1, observations=4) == score(encode, 1, observations=4)
    assert len({score(encode, seed, observations=4) for seed in range(4)}) > 1


@pytest.mark.parametrize(("name", "least"), [("num_train", 2), ("num_test", 1)])
def test_wrong_numbers_are_named(name, least):
    with pytest.raises(ValueError, match=f"{name} is {least - 1}; it must be at least {least}"):
        score(identity, **{name: least - 1})


def test_votes_of_one_factor_only_are_refused():
    with pytest.raises(ValueError, match="num_train is 2, and all of the votes fix the same"):
        for seed in range(20):
            score(identity, seed, num_train=2)
