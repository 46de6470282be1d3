import types

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

import tfvae
from trainers import scores

NAMES = [name for name in scores.SCORES if name not in ("dci", "kl_decomposition")]


class Factors(tfvae.data.GroundTruthDataset):
    """Images [1, 1, 3] that are their factors; counts how many are generated."""

    factor_names = ("a", "b", "c")
    factor_sizes = (2, 3, 4)
    num_examples = 24
    image_shape = (1, 1, 3)
    gathered = 0

    def gather(self, indices):
        self.gathered += indices.shape[0] or 0  # not known in a pipeline
        factors = tf.transpose(tf.unravel_index(indices, self.factor_sizes))
        return tf.cast(factors, tf.float32)[:, None, None]


class Model:
    """Posterior means are the factors."""

    prior = tfvae.priors.StandardNormal(3)

    def encode(self, images):
        means = images[:, 0, 0]
        return tfd.MultivariateNormalDiag(means, 0.1 * tf.ones_like(means))


@pytest.fixture(scope="module")
def codes():
    return scores.Codes(Model(), Factors(), seed=0, num_train=200)


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_gives_its_score(name, codes):
    (key, value) = next(iter(scores.results(name, codes).items()))
    assert key == f"{name}_score"
    expected = {"gaussian_total_correlation": 0.0, "active_units": 3, "sap": 0.5}.get(name, 1.0)
    assert value == pytest.approx(expected, abs=0.3 if name == "sap" else 0.05)


def test_metrics_of_several_numbers_give_each(codes):
    assert scores.results("dci", codes).keys() == {
        "dci_disentanglement",
        "dci_completeness",
        "dci_informativeness",
    }
    assert scores.results("kl_decomposition", codes)["kl_decomposition_kl"] > 0


def test_codes_are_encoded_once_for_all_metrics():
    data = Factors()
    codes = scores.Codes(Model(), data, seed=0, num_train=200)
    for name in ("mig", "modularity", "sap"):
        scores.results(name, codes)
    assert data.gathered == 300
    assert [len(part) for part in codes.train + codes.test] == [200, 200, 100, 100]


def test_data_without_factors_have_codes_all_the_same():
    images = np.random.default_rng(0).uniform(size=(40, 1, 1, 3)).astype(np.float32)
    codes = scores.Codes(Model(), tfvae.data.Arrays(images), seed=0, num_train=20)
    for name in scores.NEED_NO_FACTORS:
        assert all(np.isfinite(list(scores.results(name, codes).values())))


def test_aggregate_mig_is_of_normal_posteriors():
    def encode(images):
        return tfd.Independent(tfd.Laplace(images[:, 0, 0], 1.0), 1)

    codes = scores.Codes(types.SimpleNamespace(encode=encode), Factors(), seed=0, num_train=20)
    with pytest.raises(ValueError, match="aggregate_mig, which needs a normal posterior"):
        scores.results("aggregate_mig", codes)
