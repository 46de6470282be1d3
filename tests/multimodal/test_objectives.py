"""Objectives and posteriors of several modalities against integration and closed forms."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

import tfvae
from tests.conformance.registry_multimodal import CLASSES, MULTIMODAL, build, examples
from tfvae import noise
from tfvae.distributions.product_of_normals import product_of_normals
from tfvae.multimodal.observed import observed

X = {name: value[:6] for name, value in examples().items()}
SEEDS = noise.seed_rows(0, 6)


def of(name, **settings):
    cls, registered, _ = MULTIMODAL[name]
    return build(cls, **{**registered, **settings})


def many_samples(model, x=X, rows=4000):
    """The terms of row 0, averaged over as many draws."""
    repeated = {name: np.repeat(value[:1], rows, axis=0) for name, value in x.items()}
    terms = model.objective(repeated, noise.seed_rows(1, rows), training=False)
    return {name: (np.mean(v), np.std(v) / np.sqrt(rows)) for name, v in terms.items()}


def elbo_by_hand(model, q, x, weights, rows=4000):
    """E_q[sum_m weight_m log p(x_m|z)] - KL(q || p(z)) of row 0 by TFP's own samples."""
    z = q.sample(rows, seed=(1, 2))[:, 0]
    values = sum(
        weights.get(name, 1.0) * model.decode(z)[name].log_prob(value[:1])
        for name, value in x.items()
    )
    kl = (
        tfd.kl_divergence(q, model.prior())[0]
        if isinstance(q, tfd.MultivariateNormalDiag)
        else np.mean(q.log_prob(z[:, None])[:, 0] - model.prior().log_prob(z))
    )
    return float(np.mean(values) - kl)


def test_product_of_experts_by_integration():
    axis = np.linspace(-12, 12, 4001)[:, None]
    prior = tfd.MultivariateNormalDiag([0.0], [1.0])
    experts = [
        tfd.MultivariateNormalDiag([[1.0], [-2.0]], [[0.5], [2.0]]),
        tfd.MultivariateNormalDiag([[3.0], [0.5]], [[1.5], [0.3]]),
    ]
    q = product_of_normals([prior, *experts], [1.0, 1.0, np.array([1.0, 0.0], np.float32)])
    for row, members in ((0, experts), (1, experts[:1])):
        density = prior.prob(axis.astype(np.float32)).numpy()
        for expert in members:
            density = density * expert[row].prob(axis.astype(np.float32)).numpy()
        density /= density.sum()
        mean = (density * axis[:, 0]).sum()
        variance = (density * (axis[:, 0] - mean) ** 2).sum()
        np.testing.assert_allclose(q.mean()[row], [mean], rtol=1e-4)
        np.testing.assert_allclose(q.variance()[row], [variance], rtol=1e-4)


def test_attributes_combine_with_the_prior():
    model = of("JMVAE")
    both = model.encode({"label": X["label"], "point": X["point"]})
    x = observed(X, model.modalities)
    experts = [model.prior(), *(model.expert(name, x) for name in ("label", "point"))]
    np.testing.assert_allclose(both.mean(), product_of_normals(experts).mean(), rtol=1e-5)


def test_jmvae_is_its_equation():
    model, plain = of("JMVAE", alpha=0.7), of("JMVAE", alpha=0.0)
    terms = model.objective(X, SEEDS, training=False)
    q = model.encode(X)
    penalty = tfd.kl_divergence(q, model.encode({"image": X["image"]}))
    penalty += tfd.kl_divergence(q, model.encode({name: X[name] for name in ("label", "point")}))
    difference = terms["loss"] - plain.objective(X, SEEDS, training=False)["loss"]
    np.testing.assert_allclose(difference, 0.7 * penalty, rtol=1e-3)
    mean, error = many_samples(plain)["loss"]
    assert abs(mean + elbo_by_hand(plain, q, X, {"label": 5.0})) < 8 * error


def test_older_config_of_jmvae_has_its_alpha():
    config = of("JMVAE", alpha=0.7).get_config()
    config["a"] = config.pop("alpha")
    assert tfvae.JMVAE.from_config(config).coefficients["alpha"] == 0.7


def test_telbo_is_three_bounds_and_fixes_decoders():
    model = of("TELBO")
    mean, error = many_samples(model)["loss"]
    expected = elbo_by_hand(model, model.encode(X), X, {"label": 5.0})
    for name, value in X.items():
        part = {name: value}
        expected += elbo_by_hand(model, model.encode(part), part, {"label": 10.0})
    assert abs(mean + expected) < 8 * error
    # A row with labels only has a gradient for their encoder, but none for their decoder.
    alone = {**X, "present": {"image": np.zeros(6, bool), "point": np.zeros(6, bool)}}
    fixed = of("TELBO", subset_weights={})
    label = fixed.modalities["label"]
    with tf.GradientTape(persistent=True) as tape:
        x = observed(alone, fixed.modalities)
        value = fixed.weighted_log_prob("label", x, fixed.encode(alone).mean()[None], True)
    assert not any(np.any(g) for g in tape.gradient(value, label.decoder.trainable_variables))
    assert np.any(tape.gradient(value, label.encoder.trainable_variables)[0])


def test_mvae_adds_the_bounds_of_single_modalities_and_draws_subsets_evenly():
    model = of("MVAE", num_subsets=0, kl_warmup=1.0)
    mean, error = many_samples(model)["loss"]
    weights = {"label": 5.0}
    expected = elbo_by_hand(model, model.encode(X), X, weights)
    for name, value in X.items():
        expected += elbo_by_hand(model, model.encode({name: value}), {name: value}, weights)
    assert abs(mean + expected) < 8 * error
    members = of("MVAE").draw_subset(noise.seed_rows(0, 3000))
    assert np.all(sum(members.values()) == 2)
    assert all(abs(np.mean(here) - 2 / 3) < 0.05 for here in members.values())


@pytest.mark.parametrize("estimator", ["standard", "dreg"])
def test_mmvae_is_the_mean_of_stratified_bounds(estimator):
    model = of("MMVAE", num_samples=1, gradient_estimator=estimator)
    mean, error = many_samples(model)["loss"]
    q = model.encode(X)
    z = [model.expert(n, observed(X, model.modalities)).sample(4000, seed=(1, 2)) for n in X]
    weights = {"label": 5.0}
    bounds = [
        sum(weights.get(n, 1.0) * model.decode(each[:, 0])[n].log_prob(X[n][:1]) for n in X)
        + model.prior().log_prob(each[:, 0])
        - q.log_prob(each)[:, 0]
        for each in z
    ]
    assert abs(mean + np.mean(bounds)) < 8 * error


def test_mmvae_gradient_estimators_agree():
    grads = {}
    for estimator in ("standard", "dreg"):
        model = of("MMVAE", num_samples=2, gradient_estimator=estimator)
        repeated = {name: np.repeat(value[:1], 4000, axis=0) for name, value in X.items()}
        with tf.GradientTape() as tape:
            terms = model.objective(repeated, noise.seed_rows(3, 4000), training=True)
            loss = tf.reduce_mean(terms["loss"])
        kernel = model.modalities["image"].encoder.trainable_variables[-1]
        grads[estimator] = tape.gradient(loss, kernel).numpy()
    scale = np.abs(grads["standard"]).max()
    np.testing.assert_allclose(grads["dreg"], grads["standard"], atol=0.15 * scale)


def test_mopoe_is_the_mean_over_subsets():
    model = of("MoPoEVAE")
    mean, error = many_samples(model)["loss"]
    x = observed(X, model.modalities)
    parts = [part for part, _ in x.subsets(model.subsets_of(x))]
    products = [model.product(model.experts(x), part) for part in parts]
    assert len(products) == 7
    expected = np.mean([elbo_by_hand(model, q, X, {"label": 5.0}) for q in products])
    assert abs(mean + expected) < 8 * error
    log_probs = [q.log_prob(tf.zeros([6, 3])) for q in products]
    np.testing.assert_allclose(
        model.encode(X).log_prob(tf.zeros([6, 3])),
        tf.reduce_logsumexp(log_probs, axis=0) - np.log(7),
        rtol=1e-5,
    )


def test_conditional_likelihood_by_integration():
    """One latent dimension: p(label | point) is an integral over the line."""
    keras.utils.set_random_seed(0)
    head = tfvae.heads.DiagonalNormal(1)
    modalities = {
        name: tfvae.multimodal.Modality(
            tfvae.networks.DenseEncoder(2, hidden=(8,)),
            tfvae.networks.DenseDecoder(shape, 1, (8,)),
            likelihood,
        )
        for name, shape, likelihood in (
            ("label", (CLASSES,), tfvae.heads.OneHotCategorical()),
            ("point", (2,), tfvae.heads.Normal()),
        )
    }
    model = tfvae.MVAE(modalities, head)
    for modality in modalities.values():  # experts so wide that no weight is large
        modality.encoder.layers[-1].bias.assign([0.0, 4.0])
    x, given = ({name: X[name]} for name in ("label", "point"))
    z = np.linspace(-9, 9, 6001, dtype=np.float32)[:, None, None]
    p = model.decode(np.broadcast_to(z, (6001, 6, 1)))
    log_pz = model.prior().log_prob(z)
    log_point = tf.reduce_logsumexp(p["point"].log_prob(X["point"]) + log_pz, axis=0)
    both = p["point"].log_prob(X["point"]) + p["label"].log_prob(X["label"]) + log_pz
    exact = tf.reduce_logsumexp(both, axis=0) - log_point
    estimate = tfvae.evaluation.conditional_log_likelihood(model, x, given, 4000)
    np.testing.assert_allclose(estimate, exact, atol=0.05)
