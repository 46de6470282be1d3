import numpy as np
import pytest

import tfvae
from tfvae import evaluation
from trainers.likelihoods import LIKELIHOODS, EstimatorSettings


@pytest.fixture
def settings(tiny_model, images):
    return EstimatorSettings(
        model=tiny_model(),
        data=tfvae.data.Arrays(images),
        examples=10,
        seed=1,
        num_samples=7,
        ais_steps=3,
        ais_chains=2,
        ais_examples=4,
        memory_budget=None,
        progress=False,
    )


def test_log_likelihood_and_bits_are_over_the_evaluation_data(settings):
    results = LIKELIHOODS["log_likelihood"](settings)
    whole = evaluation.mean_log_likelihood(settings.model, settings.data, 7, 1, 10)
    assert results == {
        "log_likelihood": whole.mean,
        "log_likelihood_standard_error": whole.standard_error,
        "log_likelihood_num_samples": 7,
    }
    bits = LIKELIHOODS["bits_per_dimension"](settings)
    assert bits.pop("bits_per_dimension") == pytest.approx(-whole.mean / 16 / np.log(2))
    assert bits == results


def test_a_budget_is_kept_by_every_likelihood(settings):
    for likelihood in LIKELIHOODS.values():
        with pytest.raises(ValueError, match="memory_budget is 7 bytes; "):
            likelihood(settings._replace(memory_budget=7))


def test_bits_that_mean_nothing_are_refused(settings, images):
    grey = settings._replace(data=tfvae.data.Arrays(images / 2))
    with pytest.raises(ValueError, match="Bernoulli gives probabilities to 0 and 1 only"):
        LIKELIHOODS["bits_per_dimension"](grey)


def test_annealing_is_reported_with_its_settings(settings):
    results = LIKELIHOODS["ais"](settings)
    images = np.concatenate(list(settings.data.epoch(100, 1, 4)))
    alone = evaluation.annealed_importance_sampling(settings.model, images, 3, 2, seed=1)
    assert results["ais_log_likelihood"] == pytest.approx(alone.log_likelihood.mean())
    recorded = {name: results[f"ais_{name}"] for name in ("steps", "chains", "examples")}
    assert recorded == {"steps": 3, "chains": 2, "examples": 4}
    both = LIKELIHOODS["bidirectional"](settings)
    gap = both["bidirectional_upper"] - both["bidirectional_lower"]
    assert both["bidirectional_gap"] == pytest.approx(gap)
    assert both["bidirectional_gap_standard_error"] > 0
