"""What a new model inherits: a generator without a density, a posterior that uses the decoder."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

import tfvae
from tests.conftest import IMAGE_SHAPE
from tfvae import noise
from tfvae.distributions.sampling import sample_with_seeds
from tfvae.models.adversarial import Adversarial
from tfvae.models.bound import Inference
from tfvae.models.implicit_model import ImplicitModel


class Point:
    """A distribution that has a mean only."""

    def __init__(self, value):
        self._value = value

    def mean(self):
        return self._value


@keras.saving.register_keras_serializable("tests")
class Generator(Adversarial, ImplicitModel):
    """A generative adversarial network, the discriminator moving twice for each generator move."""

    term_names = ("loss", "discriminator_loss")
    data_shape = IMAGE_SHAPE
    support = (0.0, 1.0)

    def __init__(self, generator, prior, name=None, **kwargs):
        self.latent_shape = tuple(prior().event_shape)
        super().__init__(name=name, **kwargs)
        self.generator, self.prior = generator, prior
        self.generator.build((None, *self.latent_shape))
        self.built = True
        self.told = []

    @property
    def discriminated_shape(self):
        return self.data_shape

    def decode(self, z, training=False):
        return Point(tf.sigmoid(self.generator(z, training=training)))

    def players(self):
        generator, discriminator = super().players()
        return [
            generator._replace(cycle=3, moves=(2,)),
            discriminator._replace(cycle=3, moves=(0, 1)),
        ]

    def objective(self, x, seeds, training, moving=None):
        self.told.append(moving)
        fake = self.decode(self.sample_latent(seeds), training).mean()
        terms = {}
        if moving is None or "loss" in moving:
            terms["loss"] = tf.nn.softplus(-self.log_density_ratio(fake))
        if moving is None or "discriminator_loss" in moving:
            terms["discriminator_loss"] = self.cross_entropy(x, fake)
        return terms


def make_generator(**regulariser):
    keras.utils.set_random_seed(0)
    discriminator = keras.Sequential(
        [keras.layers.Flatten(), keras.layers.Dense(1, kernel_initializer="ones", **regulariser)]
    )
    return Generator(
        tfvae.networks.DenseDecoder(IMAGE_SHAPE, hidden=(8,)),
        tfvae.priors.StandardNormal(2),
        discriminator=discriminator,
    )


def compiled(model, rate=0.1):
    model.compile(keras.optimizers.SGD(rate), discriminator_optimizer=keras.optimizers.SGD(rate))
    return model


def values(model):
    return [np.concatenate([np.ravel(v) for v in p.variables]) for p in model.players()]


def test_players_alternate_and_compute_their_own_terms(images):
    model = compiled(make_generator())
    moved = []
    for _ in range(6):
        before = values(model)
        model.fit(images, batch_size=16, verbose=0)
        moved.append(tuple((b != a).any() for b, a in zip(before, values(model), strict=True)))
    assert moved == [(False, True), (False, True), (True, False)] * 2
    generator, discriminator = frozenset({"loss"}), frozenset({"discriminator_loss"})
    assert set(model.told) == {generator, discriminator}
    results = model.evaluate(images, verbose=0, return_dict=True)
    assert results.keys() == {"loss", "discriminator_loss"}
    assert model.told[-1] is None


def test_a_regulariser_acts_on_the_player_of_its_variable(images):
    def step(model):
        before = values(compiled(model))
        model.fit(images, batch_size=16, shuffle=False, verbose=0)
        return [a - b for a, b in zip(values(model), before, strict=True)]

    (_, plain), (generator, decayed) = (
        step(make_generator(**r)) for r in ({}, {"kernel_regularizer": keras.regularizers.L2(0.5)})
    )
    assert not generator.any()
    np.testing.assert_allclose((decayed - plain)[:16], -0.1 * 2 * 0.5, atol=1e-5)  # ones
    np.testing.assert_allclose((decayed - plain)[16:], 0.0, atol=1e-6)


def test_wrong_play_is_named():
    with pytest.raises(ValueError, match="discriminator_optimizer is None; Generator has no"):
        make_generator().compile("sgd")

    class Never(Generator):
        def players(self):
            generator, discriminator = super().players()
            return [generator, discriminator._replace(moves=(0,))]

    with pytest.raises(ValueError, match="no player moves at step 1 of 3"):
        compiled(Never(make_generator().generator, tfvae.priors.StandardNormal(2)))
    with pytest.raises(ValueError, match=r"moves of the player of 'loss' is \(1,\); it must be"):
        tfvae.training.players.require_moves(
            [tfvae.training.players.Player("loss", None, [], 1, (1,))]
        )


def test_an_implicit_model_samples_exports_and_says_what_it_lacks(images, tmp_path):
    model = make_generator()
    assert model.sample(3, seed=0).shape == (3, *IMAGE_SHAPE)
    assert list(model.signatures()) == [
        "decode",
        "sample",
        "decode_png",
        "sample_png",
        "serving_default",
    ]
    path = tfvae.export(model, tmp_path)  # every signature is checked as it is written
    served = tf.saved_model.load(str(path)).signatures["serving_default"]
    seeds = noise.seed_rows(0, 3)
    np.testing.assert_allclose(served(seed=seeds)["image"], model.sample(3, seed=seeds), atol=1e-5)
    for call in (model.elbo, model.log_likelihood):
        with pytest.raises(
            NotImplementedError, match=r"has no density, so no .*annealed_importance"
        ):
            call(images)
    for call in (model.encode, model.reconstruct):
        with pytest.raises(NotImplementedError, match=r"has no encoder.*such as tfvae.VAE"):
            call(images)


@keras.saving.register_keras_serializable("tests")
class ErrorVAE(tfvae.VAE):
    """q(z|x) = N(m, 1), m = f(x - r), r the decoder's mean at 0: the posterior needs the decoder.

    `infer` runs the decoder once, on [0; z].
    """

    passes = 0

    def posterior_and_draft(self, x, training=False):
        draft = self.decode(tf.zeros([1, 2]), training).mean()
        params = self.posterior_params(x - draft, training)
        return tfd.MultivariateNormalDiag(params[:, :2]), draft

    def encode(self, x, training=False):
        return self.posterior_and_draft(x, training)[0]

    def infer(self, x, seeds, num_samples=1, first_sample=0, training=False):
        self.passes = self.passes + 1
        q, _ = self.posterior_and_draft(x, training)
        z = sample_with_seeds(q, seeds, num_samples, first_sample)
        return Inference(q, z, self.decode(z, training))


def test_a_posterior_of_the_decoder_has_bounds_likelihoods_training_and_exports(
    tiny_model, images, tmp_path
):
    model = tiny_model(ErrorVAE, num_samples=2)
    bound = model.bound(images, noise.seed_rows(0, 16))
    assert model.passes == 1
    np.testing.assert_allclose(bound.elbo, bound.reconstruction - bound.kl, rtol=1e-6)
    np.testing.assert_array_equal(model.elbo(images, seed=0), bound.elbo)
    assert np.mean(model.log_likelihood(images, 200)) > np.mean(model.elbo(images))
    model.compile(keras.optimizers.Adam(0.01))
    history = model.fit(images, batch_size=16, epochs=30, verbose=0).history
    assert history["loss"][-1] < history["loss"][0] - 0.1
    assert "encode" in tf.saved_model.load(str(tfvae.export(model, tmp_path))).signatures


def test_objectives_of_several_samples_use_the_one_pass(tiny_model, images):
    class ErrorIWAE(tfvae.IWAE):
        infer = ErrorVAE.infer
        encode = ErrorVAE.encode
        posterior_and_draft = ErrorVAE.posterior_and_draft
        passes = 0

    model = tiny_model(ErrorIWAE, num_samples=1)
    terms = model.objective(images, noise.seed_rows(0, 16), training=True)
    assert model.passes == 1
    assert np.isfinite(terms["importance_weighted_bound"]).all()
