import types

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae.distributions.sampling import sample_with_seeds
from tfvae.evaluation import annealed_importance_sampling, annealing

FEW = {"num_steps": 4, "num_chains": 2, "num_leapfrog_steps": 1}


def decoder(prior, likelihood, latents=1, shape=(1,)):
    """The attributes and methods that annealing needs."""
    model = types.SimpleNamespace(
        prior=prior,
        likelihood=likelihood,
        decode=likelihood,
        sample_latent=lambda seeds: sample_with_seeds(prior(), seeds)[0],
        latent_shape=(latents,),
        data_shape=shape,
        check_data=lambda x: None,
    )
    model.modalities_by_name = lambda: {"data": model}
    return model


def test_evidence_and_posterior_are_met_within_the_standard_errors(linear_gaussian):
    case = linear_gaussian()
    result = annealed_importance_sampling(case.model, case.x, 100, 32, 5)
    errors = result.standard_error
    assert (errors < 0.1).all()
    np.testing.assert_array_less(np.abs(result.log_likelihood - case.log_evidence), 4 * errors)
    np.testing.assert_allclose(result.acceptance_rate, annealing.TARGET_ACCEPTANCE, atol=0.1)
    # The last states of the chains, weighted, are samples from the posterior.
    weights = np.exp(result.log_weights - result.log_weights.max(axis=0))
    weights /= weights.sum(axis=0)
    np.testing.assert_allclose(1 / (weights**2).sum(axis=0), result.effective_sample_size)
    mean = np.einsum("cb,cbd->bd", weights, result.latent)
    bound = 4 * np.sqrt(np.diag(case.covariance) / result.effective_sample_size[:, None])
    np.testing.assert_array_less(np.abs(mean - case.mean), bound)


def test_standard_error_is_the_spread_of_repeated_estimates(linear_gaussian):
    case = linear_gaussian()
    x = tf.repeat(case.x[:1], 200, axis=0)
    result = annealed_importance_sampling(case.model, x, 10, 16, 3)
    spread = result.log_likelihood.std()
    assert np.sqrt(np.mean(result.standard_error**2)) == pytest.approx(spread, rel=0.2)
    # A lower bound, 4 standard errors allowed.
    assert result.log_likelihood.mean() < case.log_evidence[0] + 4 * spread / np.sqrt(200)


def test_any_density_without_an_encoder():
    model = decoder(
        lambda: tfd.Independent(tfd.Laplace(tf.zeros(1), 1.0), 1),
        lambda z: tfd.Independent(tfd.StudentT(4.0, tf.exp(z), 0.5), 1),
    )
    x = np.array([[0.1], [1.0], [4.0]], np.float32)
    result = annealed_importance_sampling(model, x, 60, 64, 4)
    z = np.linspace(-15, 15, 20_001, dtype=np.float32)[:, None, None]
    joint = model.prior().log_prob(z) + model.decode(z).log_prob(x)
    exact = np.log(np.exp(joint.numpy().astype(np.float64)).sum(axis=0) * 30 / 20_000)
    error = np.abs(result.log_likelihood - exact)
    np.testing.assert_array_less(error, 4 * result.standard_error)
    assert (result.standard_error < 0.15).all()


def test_chains_of_an_example_depend_on_its_number_alone(linear_gaussian, capsys):
    case = linear_gaussian()
    x = tf.tile(case.x, [5, 1])  # more than one group
    whole, again, other = (
        annealed_importance_sampling(case.model, x, **FEW, seed=seed).log_likelihood
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(whole, again)
    assert len(np.unique(whole.round(4))) == 25  # the same examples have other chains
    assert (np.abs(whole - other) > 1e-4).all()
    assert capsys.readouterr().out == ""
    part = annealed_importance_sampling(case.model, x[:22], **FEW, progress=True)
    assert "116/116" in capsys.readouterr().out  # two groups' four steps, their pilots' 4 + 50
    np.testing.assert_allclose(part.log_likelihood, whole[:22], rtol=1e-5)
    for chains in (3, 1):
        result = annealed_importance_sampling(case.model, case.x, **{**FEW, "num_chains": chains})
        assert result.log_weights.shape == (chains, 5)
        assert result.latent.shape == (chains, 5, 2)
    np.testing.assert_array_equal(result.log_likelihood, result.log_weights[0])  # of one chain
    assert np.isnan(result.standard_error).all()


def test_temperatures_rise_from_0_to_1_densest_at_the_ends():
    path = annealing.temperatures(100)
    steps = np.diff(path)
    assert (path[0], path[-1], len(path)) == (0, 1, 101)
    assert (steps > 0).all() and np.argmax(steps) in (49, 50)
    np.testing.assert_allclose(steps, steps[::-1])


def test_discrete_latents_are_refused_with_the_reason():
    model = decoder(
        lambda: tfd.OneHotCategorical(logits=[0.0, 0.0], dtype=tf.float32),
        lambda z: tfd.Independent(tfd.Normal(z[..., :1], 1.0), 1),
        latents=2,
    )
    with pytest.raises(
        ValueError, match="OneHotCategorical, over discrete latents; annealing needs"
    ):
        annealed_importance_sampling(model, np.zeros([1, 1]))


def test_wrong_arguments_are_named(linear_gaussian):
    model, x = linear_gaussian().model, np.zeros([1, 3])
    for name in FEW:
        with pytest.raises(ValueError, match=f"{name} is 0; it must be at least 1"):
            annealed_importance_sampling(model, x, **{**FEW, name: 0})
    with pytest.raises(ValueError, match="x has 0 rows; it must have at least 1"):
        annealed_importance_sampling(model, x[:0], **FEW)
    with pytest.raises(ValueError, match=r"images have shape \[4\]; the networks need \[3\]"):
        annealed_importance_sampling(model, np.zeros([1, 4]), **FEW)
    with pytest.raises(ValueError, match="2 chains of a group of 20 examples need 3840"):
        annealed_importance_sampling(model, x, **FEW, memory_budget=3839)
    kernel, bias = model.decoder.layers[0].get_weights()
    model.decoder.layers[0].set_weights([kernel, bias * np.nan])
    with pytest.raises(ValueError, match="annealed weights of 1 of 1 examples are NaN"):
        annealed_importance_sampling(model, x, **FEW)
