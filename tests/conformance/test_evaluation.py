"""Likelihoods over the replicas of a strategy are those of one device."""

import numpy as np
import pytest

import tfvae
from tests.conformance.registry import EXAMPLES, Bars, build
from tfvae import evaluation
from tfvae.evaluation.likelihood import bytes_per_sample

IMAGES = Bars().array[: EXAMPLES // 4 - 1]  # 23: neither replicas nor groups divide them


def annealed(model):
    return evaluation.annealed_importance_sampling(
        model, IMAGES, num_steps=4, num_chains=2, num_leapfrog_steps=1
    ).log_likelihood


def importance_weighted(model):
    # A budget for the samples of three examples, so that there are several chunks.
    budget = 3 * 5 * bytes_per_sample(model, IMAGES)
    return evaluation.log_likelihood(model, IMAGES, 5, memory_budget=budget)


@pytest.mark.parametrize(
    "estimate", [importance_weighted, pytest.param(annealed, marks=pytest.mark.slow)]
)
def test_two_replicas_equal_one_device(estimate, mirrored):
    one = estimate(build(tfvae.VAE))
    with mirrored.scope():
        two = build(tfvae.VAE)
    assert two.distribute_strategy.num_replicas_in_sync == 2
    np.testing.assert_allclose(estimate(two), one, rtol=1e-4)
    assert len(np.unique(np.round(one, 4))) == 23
