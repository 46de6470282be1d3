import numpy as np
import pytest

from tests.metrics.factor_images import Factors, identity
from tfvae.metrics import factor_vae_score, observations
from tfvae.metrics.observations import encode_once

VOTES = {"num_train": 400, "num_test": 400, "observations": 16, "num_variance": 1000}


def score(encode, seed=0, **kwargs):
    return factor_vae_score(encode, Factors(), seed, **{**VOTES, **kwargs})


def test_ceiling_is_one_for_the_factors_themselves():
    assert score(identity) == 1.0


def test_codes_may_be_permuted_rescaled_and_redundant():
    def encode(images):
        a, b, c = identity(images).T
        return np.stack([-100 * c, a + 7, 0.1 * b, 3 * a, np.full_like(a, 0.01)], axis=1)

    assert score(encode) == 1.0


def test_floor_of_constant_codes_is_the_most_frequent_factor():
    with pytest.warns(UserWarning, match="every code is inactive"):
        floor = score(lambda images: np.zeros([len(images), 4]))
    assert 1 / 3 - 0.08 < floor < 1 / 3 + 0.08


def test_entangled_codes_stay_near_the_floor():
    assert score(lambda images: identity(images) @ np.ones([3, 3]) + 0.0) < 0.45


def test_two_factors_in_one_code_cost_their_votes():
    # Codes (a, b): where c is fixed neither is still, and the vote is a guess.
    assert 0.6 < score(lambda images: identity(images)[:, :2]) < 0.85


def test_votes_are_scored_on_other_votes_than_the_classifier_saw():
    def noise(images):
        return np.random.default_rng(len(images)).normal(size=(len(images), 200))

    # With as many codes as votes, training votes would all be right.
    assert score(noise, num_train=60, num_test=400) < 0.45


def test_seed_decides_the_draws():
    def encode(images):
        a, b, c = identity(images).T
        return np.stack([a + 0.7 * b, b + 0.7 * c, c + 0.7 * a], axis=1)

    assert score(encode, 1) == score(encode, 1)
    assert len({score(encode, seed) for seed in range(4)}) > 1


def test_broken_codes_name_the_factors():
    def encode(images):
        codes = identity(images).astype(np.float64)
        codes[(codes == [2, 3, 4]).all(1)] = np.nan
        return codes

    with pytest.raises(ValueError, match=r"NaN or infinite codes, first for .* \[2, 3, 4\]"):
        score(encode)


def test_each_image_is_encoded_once(monkeypatch):
    monkeypatch.setattr(observations, "VALUES_AT_ONCE", 3)  # batches of one
    seen = []

    def encode(images):
        seen.extend(map(tuple, identity(images)))
        return identity(images)

    factors = np.array([[1, 2, 3], [0, 0, 0], [1, 2, 3]])
    codes, rows = encode_once(encode, Factors(), Factors().indices(factors))
    np.testing.assert_array_equal(codes[rows], factors)
    assert len(seen) == len(set(seen)) == 2


def test_images_are_found_among_more_than_a_table_could_hold():
    class Many(Factors):
        factor_sizes = (10**6, 10**6, 10**6)

    factors = np.array([[999_999, 5, 999_999], [0, 0, 1], [999_999, 5, 999_999]])
    codes, rows = encode_once(identity, Many(), Many().indices(factors))
    assert codes.shape == (2, 3)
    np.testing.assert_array_equal(codes[rows], factors)


@pytest.mark.parametrize(("name", "least"), [("num_train", 1), ("observations", 2)])
def test_wrong_numbers_are_named(name, least):
    with pytest.raises(ValueError, match=f"{name} is {least - 1}; it must be at least {least}"):
        score(identity, **{name: least - 1})
