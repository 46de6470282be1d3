import numpy as np
import pytest

from tfvae.metrics import udr_score

CODES = np.random.default_rng(0).normal(size=(2000, 3))
ROTATION = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]


@pytest.mark.parametrize(("correlation", "agreement"), [("lasso", 0.9), ("spearman", 0.92)])
def test_models_that_agree_score_higher_than_a_rotated_one(correlation, agreement):
    # The same codes in another order, sign and scale; the Lasso keeps 1 - alpha of a weight.
    moved = CODES[:, [2, 0, 1]] * [-3.0, 0.1, 1.0] + 5.0
    first, second, rotated = udr_score([CODES, moved, CODES @ ROTATION], correlation=correlation)
    same = udr_score([CODES, moved], correlation=correlation)
    np.testing.assert_allclose(same, agreement, atol=0.05)
    assert rotated < min(first, second) - 0.1


def test_score_is_the_equation_for_known_similarities():
    # Orthogonal codes of variance 1: the weights of the Lasso are the correlations less alpha.
    white, _ = np.linalg.qr(CODES - CODES.mean(axis=0))
    white *= np.sqrt(len(white))
    angle = 0.5
    turned = white[:, :2] @ [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    great, small = np.cos(angle) - 0.1, np.sin(angle) - 0.1
    np.testing.assert_allclose(
        udr_score([white[:, :2], turned]), great**2 / (great + small), rtol=1e-3
    )


def test_codes_with_low_kl_are_ignored():
    noise = np.random.default_rng(2).normal(size=(2000, 1))
    models = [np.concatenate([CODES, noise], axis=1), np.concatenate([CODES, -noise], axis=1)]
    kl = [[1.0, 1.0, 1.0, 0.009], [1.0, 1.0, 1.0, 0.011]]
    left = udr_score([models[0][:, :3], models[1]])
    np.testing.assert_allclose(udr_score(models, kl), left)
    assert udr_score(models, kl)[0] < udr_score(models)[0]


def test_a_model_without_informative_codes_scores_zero():
    np.testing.assert_array_equal(udr_score([CODES, np.zeros([2000, 2])]), 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([CODES],), "codes has 1 models; agreement needs at least 2"),
        (([CODES, CODES[1:]],), r"codes\[1\] has 1999 rows and codes\[0\] has 2000"),
        (([CODES, CODES * np.nan],), r"codes\[1\] has nan at row 0"),
        (([CODES, CODES], [[1, 1, 1]]), "kl has 1 models and codes has 2"),
        (([CODES, CODES], [[1, 1, 1], [1, 1]]), r"kl\[1\] has shape \[2\]; it must be \[3\]"),
        (([CODES, CODES], None, "pearson"), "correlation is 'pearson'; it must be 'lasso' or"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        udr_score(*arguments)
