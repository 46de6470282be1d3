"""Several stochastic layers, against linear-Gaussian models and TFP's own densities."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

import tfvae
from tfvae import noise
from tfvae.distributions.sampling import sample_with_seeds
from tfvae.heads import DiagonalNormal, FullCovarianceNormal, HierarchicalPosterior, LadderPosterior
from tfvae.networks import DenseDecoder, DenseEncoder, LadderEncoder
from tfvae.priors import HierarchicalPrior, StandardNormal

TOP, BOTTOM = 2, 3


def two_layers(cls=tfvae.VAE, ladder=False, bottom=DiagonalNormal, normalised=False, **settings):
    """z_2 of 2 and z_1 of 3 dimensions under images of 4 x 4."""
    keras.utils.set_random_seed(0)
    style = {"hidden": (6,), "batch_normalization": normalised}
    prior = HierarchicalPrior(
        StandardNormal(TOP), [DiagonalNormal(BOTTOM)], [DenseEncoder(2 * BOTTOM, **style)]
    )
    if ladder:
        posterior = LadderPosterior((TOP, BOTTOM))
        encoder = LadderEncoder((TOP, BOTTOM), ((6,), (8,)), batch_normalization=normalised)
    else:
        posterior = HierarchicalPosterior(
            [bottom(BOTTOM), DiagonalNormal(TOP)], [DenseEncoder(2 * TOP, **style)]
        )
        encoder = DenseEncoder(posterior.params_size, **style)
    decoder = DenseDecoder((4, 4, 1), **style)
    return cls(encoder, decoder, posterior, tfvae.heads.Bernoulli(), prior, **settings)


def split(z):
    return z[..., :TOP], z[..., TOP:]


def normal(params):
    mean, log_variance = np.split(np.asarray(params), 2, axis=-1)
    return tfd.MultivariateNormalDiag(mean, np.exp(log_variance / 2))


@pytest.mark.parametrize("bottom", [DiagonalNormal, FullCovarianceNormal])
def test_log_density_is_the_sum_over_the_layers(images, bottom):
    model = two_layers(bottom=bottom)
    q = model.encode(images)
    z = sample_with_seeds(q, noise.seed_rows(0, 16), 5)
    z2, z1 = split(z)
    above = model.posterior.networks[0]
    expected = bottom(BOTTOM)(model.encoder(images)).log_prob(z1)
    expected += normal(tf.reshape(above(tf.reshape(z1, [-1, BOTTOM])), [5, 16, -1])).log_prob(z2)
    np.testing.assert_allclose(q.log_prob(z), expected, rtol=1e-4, atol=1e-4)
    below = model.prior.networks[0]
    expected = tfd.MultivariateNormalDiag(tf.zeros(TOP)).log_prob(z2)
    expected += normal(tf.reshape(below(tf.reshape(z2, [-1, TOP])), [5, 16, -1])).log_prob(z1)
    np.testing.assert_allclose(model.prior().log_prob(z), expected, rtol=1e-4, atol=1e-4)


def test_ladder_weighs_data_and_prior_by_precision(images):
    model = two_layers(ladder=True)
    q, params = model.encode(images), model.encoder(images)
    z2, z1 = split(sample_with_seeds(q, noise.seed_rows(0, 16))[0])
    data, generative = normal(params[:, 2 * TOP :]), normal(model.prior.networks[0](z2))
    joint = data.log_prob(z1) + generative.log_prob(z1)  # up to its normaliser, the product
    precision = 1 / data.stddev() ** 2 + 1 / generative.stddev() ** 2
    mean = (data.mean() / data.stddev() ** 2 + generative.mean() / generative.stddev() ** 2) / (
        precision
    )
    corrected = tfd.MultivariateNormalDiag(mean, precision**-0.5)
    constant = joint - corrected.log_prob(z1)
    at_mean = data.log_prob(mean) + generative.log_prob(mean) - corrected.log_prob(mean)
    np.testing.assert_allclose(constant, at_mean, atol=1e-3)
    expected = normal(params[:, : 2 * TOP]).log_prob(z2) + corrected.log_prob(z1)
    np.testing.assert_allclose(q.log_prob(tf.concat([z2, z1], -1)), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("ladder", [False, True])
def test_draws_follow_the_density(images, ladder):
    model = two_layers(ladder=ladder)
    for distribution, rows in ((model.encode(images[:2]), 2), (model.prior(), 2)):
        z = sample_with_seeds(distribution, noise.seed_rows(0, rows), 20_000)
        # E[d log p / dz] = 0 and E[z d log p / dz] = -1 under p itself, dimension by dimension.
        with tf.GradientTape() as tape:
            tape.watch(z)
            log_density = distribution.log_prob(z)
        score = tape.gradient(log_density, z).numpy()
        error = score.std(1).max() / np.sqrt(20_000)
        np.testing.assert_allclose(score.mean(0), 0.0, atol=6 * error)
        moments = np.reshape(score * z, [20_000, -1])
        error = moments.std(0) / np.sqrt(20_000)
        assert (np.abs(moments.mean(0) + 1) < 5 * error).all()


@pytest.mark.parametrize("ladder", [False, True])
def test_layers_and_samples_share_no_noise_and_chunks_are_the_whole(images, ladder):
    model = two_layers(ladder=ladder)
    seeds = noise.seed_rows(0, 16)
    whole = sample_with_seeds(model.encode(images), seeds, 400)
    part = sample_with_seeds(model.encode(images[5:9]), seeds[5:9], 7, first_sample=3)
    np.testing.assert_allclose(part, whole[3:10, 5:9], rtol=1e-5, atol=1e-6)
    prior = model.prior()
    z2, z1 = split(sample_with_seeds(prior, seeds, 400))
    conditional = normal(
        tf.reshape(model.prior.networks[0](tf.reshape(z2, [-1, TOP])), [400, 16, -1])
    )
    noise1 = (z1 - conditional.mean()) / conditional.stddev()
    values = np.concatenate([np.reshape(v, [6400, -1]) for v in (z2, noise1)], axis=1)
    correlation = np.corrcoef(values, rowvar=False) - np.eye(TOP + BOTTOM)
    assert np.abs(correlation).max() < 5 / np.sqrt(6400)
    np.testing.assert_allclose(values.std(0), 1.0, atol=0.05)


def test_moments_are_ancestral_and_the_decoder_sees_the_bottom_layer(images):
    model = two_layers()
    q = model.encode(images)
    first = normal(model.encoder(images))
    second = normal(model.posterior.networks[0](first.mean()))
    for moment in ("mean", "stddev"):
        expected = np.concatenate([getattr(d, moment)() for d in (second, first)], axis=1)
        np.testing.assert_allclose(getattr(q, moment)(), expected, rtol=1e-5)
    z = sample_with_seeds(q, noise.seed_rows(0, 16))[0]
    expected = tf.sigmoid(model.decoder(z[:, TOP:]))
    np.testing.assert_allclose(model.decode(z).mean(), expected, rtol=1e-5)


@pytest.mark.parametrize("ladder", [False, True])
def test_three_layers_in_a_graph_of_any_batch_size(images, ladder):
    sizes = (1, 2, 3)  # top first
    prior = HierarchicalPrior(
        StandardNormal(1),
        [DiagonalNormal(2), DiagonalNormal(3)],
        [DenseEncoder(4, hidden=(5,)), DenseEncoder(6, hidden=(5,))],
    )
    if ladder:
        posterior, encoder = LadderPosterior(sizes), LadderEncoder(sizes, ((4,), (6,), (8,)))
    else:
        posterior = HierarchicalPosterior(
            [DiagonalNormal(3), DiagonalNormal(2), DiagonalNormal(1)],
            [DenseEncoder(4, hidden=(5,)), DenseEncoder(2, hidden=(5,))],
        )
        encoder = DenseEncoder(6, hidden=(8,))
    decoder = DenseDecoder((4, 4, 1), hidden=(8,))
    model = tfvae.VAE(encoder, decoder, posterior, tfvae.heads.Bernoulli(), prior)

    @tf.function(
        input_signature=[tf.TensorSpec([None, 4, 4, 1]), tf.TensorSpec([None, 2], tf.int64)]
    )
    def everything(x, seeds):
        q = model.encode(x)
        z = sample_with_seeds(q, seeds, 4)
        return q.mean(), q.stddev(), z, q.log_prob(z), model.prior().log_prob(z)

    seeds = noise.seed_rows(0, 16)
    for traced, eager in zip(
        everything(images, seeds), everything.python_function(images, seeds), strict=True
    ):
        np.testing.assert_allclose(traced, eager, rtol=1e-4, atol=1e-4)
    assert model.prior().mean().shape == (6,)


@pytest.fixture
def linear():
    """x = B z_1 + noise, z_1 = A z_2 + noise: the evidence is a normal's; q is not exact."""
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=(TOP, BOTTOM)), generator.normal(size=(BOTTOM, 4))

    def make(cls, **settings):
        def constant_scale(weights, log_variance):
            return [
                np.pad(weights, [(0, 0), (0, weights.shape[1])]),
                np.repeat([0.0, log_variance], weights.shape[1]),
            ]

        networks = [DenseEncoder(2 * size, hidden=()) for size in (BOTTOM, TOP, BOTTOM)]
        model = cls(
            networks[0],
            DenseDecoder((4,), hidden=()),
            HierarchicalPosterior([DiagonalNormal(BOTTOM), DiagonalNormal(TOP)], [networks[1]]),
            tfvae.heads.Normal(0.8),
            HierarchicalPrior(StandardNormal(TOP), [DiagonalNormal(BOTTOM)], [networks[2]]),
            **settings,
        )
        model.decoder.layers[0].set_weights([b, np.zeros(4)])
        for network, weights, log_variance in zip(
            networks, (0.8 * np.linalg.pinv(b), 0.5 * np.linalg.pinv(a), a), (0.0, 0.0, -0.5),
            strict=True,
        ):  # fmt: skip
            network.layers[-1].set_weights(constant_scale(weights, log_variance))
        return model

    covariance = b.T @ (a.T @ a + np.exp(-0.5) * np.eye(BOTTOM)) @ b + 0.64 * np.eye(4)
    x = generator.multivariate_normal(np.zeros(4), covariance, 3).astype(np.float32)
    evidence = tfd.MultivariateNormalFullCovariance(np.zeros(4), covariance)
    return make, x, evidence.log_prob(x).numpy()


def test_bound_rises_with_k_to_the_evidence(linear):
    make, x, log_evidence = linear
    rows, seeds = tf.repeat(x, 1000, axis=0), noise.seed_rows(0, 3000)
    gaps = []
    for k in (1, 8, 64):
        terms = make(tfvae.IWAE, num_samples=k).objective(rows, seeds, training=False)
        bound = np.reshape(terms["importance_weighted_bound"], [3, 1000])
        gaps.append(log_evidence - bound.mean(1))
    assert (gaps[0] > gaps[1]).all() and (gaps[1] > gaps[2]).all()
    assert (gaps[2] > -0.02).all()
    estimate = make(tfvae.VAE).log_likelihood(x, 50_000)
    np.testing.assert_allclose(estimate, log_evidence, atol=0.05)


@pytest.mark.parametrize("cls", [tfvae.VAE, tfvae.IWAE])
def test_gradient_estimators_agree_in_expectation(linear, cls):
    make, x, _ = linear
    rows = tf.repeat(x, 100, axis=0)

    def gradients(estimator):
        model = make(cls, num_samples=3, gradient_estimator=estimator)

        @tf.function
        def gradient(chunk):
            seeds = noise.training_rows(0, chunk, 0, 300)
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(model.objective(rows, seeds, training=True)["loss"])
            each = tape.gradient(loss, model.trainable_variables)
            return tf.concat([tf.reshape(g, [-1]) for g in each], 0)

        return np.stack([gradient(chunk) for chunk in tf.range(100)])

    standard, other = gradients("standard"), gradients(cls.gradient_estimators[-1])
    error = np.hypot(standard.std(0), other.std(0)) / 10
    assert (np.abs(standard.mean(0) - other.mean(0)) < 4.5 * np.maximum(error, 1e-6)).all()
    assert np.linalg.norm(standard.mean(0)) > 10 * np.linalg.norm(error)


@pytest.mark.parametrize("ladder", [False, True])
def test_batch_normalisation_of_every_network_follows_the_batch_in_training_only(images, ladder):
    model = two_layers(ladder=ladder, normalised=True)
    moving = [v for v in model.non_trainable_variables if "moving_mean" in v.path]
    seeds = noise.seed_rows(0, 16)
    before, elbo = [v.numpy() for v in moving], model.elbo(images, seeds)
    np.testing.assert_allclose(model.elbo(images[:4], seeds[:4]), elbo[:4], rtol=1e-5)
    for value, variable in zip(before, moving, strict=True):
        np.testing.assert_array_equal(variable, value)
    model.compile(keras.optimizers.Adam(1e-2))
    first, last = model.fit(
        np.tile(images, (20, 1, 1, 1)), batch_size=16, epochs=2, verbose=0
    ).history["loss"]
    assert last < first
    assert len(moving) == 4  # up, between the layers up or down, and to the data
    for value, variable in zip(before, moving, strict=True):
        assert np.abs(variable - value).max() > 1e-3
    np.testing.assert_allclose(
        model.elbo(images[:4], seeds[:4]), model.elbo(images, seeds)[:4], rtol=1e-5
    )


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: HierarchicalPosterior([DiagonalNormal(2)], []), "heads has 1 entries; a hier"),
        (
            lambda: HierarchicalPosterior([DiagonalNormal(2)] * 2, []),
            "networks has 0 entries; it must have 1",
        ),
        (
            lambda: HierarchicalPrior(StandardNormal(2), [DiagonalNormal(3)], [DenseEncoder(5)]),
            r"networks\[0\] has outputs of shape \[5\]; the DiagonalNormal .*outputs=6",
        ),
        (lambda: HierarchicalPrior(StandardNormal(2), [], []), "heads is empty"),
        (lambda: LadderPosterior([3]), "sizes has 1 entries; a ladder needs at least 2 layers"),
        (lambda: LadderEncoder((2, 2), ((3,),)), "hidden has 1 blocks and sizes has 2"),
        (lambda: LadderPosterior((2, 1))(tf.zeros([1, 6])), "needs a prior: pass it to a model"),
    ],
)
def test_parts_that_do_not_fit_are_named(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


def test_posterior_and_prior_of_other_layers_are_refused():
    prior = HierarchicalPrior(StandardNormal(3), [DiagonalNormal(2)], [DenseEncoder(4)])
    parts = {"decoder": DenseDecoder((4,)), "likelihood": tfvae.heads.Bernoulli()}
    upwards = HierarchicalPosterior([DiagonalNormal(3), DiagonalNormal(2)], [DenseEncoder(4)])
    with pytest.raises(ValueError, match=r"layers of sizes \[2, 3\], top first, prior of \[3, 2\]"):
        tfvae.VAE(encoder=DenseEncoder(6), posterior=upwards, prior=prior, **parts)
    with pytest.raises(ValueError, match=r"LadderPosterior needs a .*HierarchicalPrior"):
        tfvae.VAE(
            encoder=DenseEncoder(10),
            posterior=LadderPosterior((3, 2)),
            prior=StandardNormal(5),
            **parts,
        )
