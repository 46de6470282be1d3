import importlib
import math

import numpy as np
import pytest

import tfvae
from tfvae.evaluation import mean_estimate, mean_log_likelihood

# The function of that name hides the module.
MODULE = importlib.import_module("tfvae.evaluation.mean_log_likelihood")


def test_mean_and_standard_error_over_the_examples(linear_gaussian, monkeypatch):
    case = linear_gaussian(exact=False)
    whole = mean_log_likelihood(case.model, case.x, num_samples=20, seed=3)
    np.testing.assert_allclose(whole.values, case.model.log_likelihood(case.x, 20, seed=3))
    assert whole.mean == pytest.approx(whole.values.mean())
    assert whole.standard_error == pytest.approx(whole.values.std(ddof=1) / math.sqrt(5))
    monkeypatch.setattr(MODULE, "_BATCH_SIZE", 2)
    batches = mean_log_likelihood(case.model, case.x, num_samples=20, seed=3)
    np.testing.assert_allclose(batches.values, whole.values, rtol=1e-6)
    assert math.isnan(mean_estimate([1.0]).standard_error)


def test_examples_of_a_dataset_are_those_of_its_epoch(tiny_model, images):
    data, model = tfvae.data.Arrays(images), tiny_model()
    (shown,) = data.epoch(100, seed=2, limit=7)
    result = mean_log_likelihood(model, data, num_samples=4, seed=2, num_examples=7)
    np.testing.assert_allclose(result.values, model.log_likelihood(shown, 4, seed=2), rtol=1e-6)


def test_bad_examples_are_named_over_all_batches(tiny_model, images, monkeypatch):
    monkeypatch.setattr(MODULE, "_BATCH_SIZE", 5)
    broken = images.copy()
    broken[12] *= 255
    with pytest.raises(ValueError, match="of examples 10 to 14: images range from 0 to 255"):
        mean_log_likelihood(tiny_model(), broken, num_samples=2)
    with pytest.raises(ValueError, match="num_examples is 0; it must be at least 1"):
        mean_log_likelihood(tiny_model(), images[:0])
    with pytest.raises(ValueError, match="num_samples is 0; it must be at least 1"):
        mean_log_likelihood(tiny_model(), images, num_samples=0)
