import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import bijectors as tfb
from tensorflow_probability import distributions as tfd

from tfvae import noise
from tfvae.distributions.sampling import sample_with_seeds

LOC = tf.constant([[-1.0, 2.0], [0.5, 0.0], [3.0, -2.0]])
SCALE = tf.constant([[0.5, 1.0], [2.0, 0.1], [1.0, 1.0]])
SEEDS = noise.seed_rows(0, 3)
MANY = 20_000

DRAWABLE = {
    "normal": tfd.Normal(LOC, SCALE),
    "independent_normal": tfd.Independent(tfd.Normal(LOC, SCALE), 1),
    "diagonal": tfd.MultivariateNormalDiag(LOC, SCALE),
    "triangular": tfd.MultivariateNormalTriL(LOC, tf.constant([[1.0, 0.0], [0.9, 0.3]])),
    "sample": tfd.Sample(tfd.Normal(LOC[:, 0], SCALE[:, 0]), 2),
    "flow": tfb.Scale(tf.constant(3.0))(tfd.MultivariateNormalDiag(LOC, SCALE)),
    "logistic": tfd.Independent(tfd.Logistic(LOC, SCALE), 1),
    "laplace": tfd.Independent(tfd.Laplace(LOC, SCALE), 1),
    "student_t": tfd.Independent(tfd.StudentT(9.0, LOC, SCALE), 1),
    "mixtures": tfd.Independent(
        tfd.MixtureSameFamily(
            tfd.Categorical(probs=[0.2, 0.5, 0.3]),
            tfd.Normal(LOC[..., None] + [-1.0, 0.0, 2.0], SCALE[..., None] * [1.0, 2.0, 0.1]),
        ),
        1,
    ),
    "prior_mixture": tfd.MixtureSameFamily(
        tfd.Categorical(probs=[0.9, 0.0, 0.1]),
        tfd.MultivariateNormalDiag(LOC * [1.0, 0.0], SCALE),
    ),
    "prior_normal": tfd.MultivariateNormalDiag(LOC[0], SCALE[0]),
    "prior_laplace": tfd.Independent(tfd.Laplace(LOC[0], SCALE[0]), 1),
    "prior_of_batch_size": tfd.Independent(tfd.Laplace(tf.zeros(3), tf.ones(3)), 1),
}


@pytest.mark.parametrize("name", DRAWABLE)
def test_moments_are_the_distributions(name):
    q = DRAWABLE[name]
    z = sample_with_seeds(q, SEEDS, MANY).numpy()
    assert z.shape == (MANY, 3, *q.sample(3).shape[-1:])
    stddev = np.broadcast_to(q.stddev(), z.shape[1:])
    error = (z.mean(0) - q.mean()) / (stddev / np.sqrt(MANY))
    assert np.abs(error).max() < 4.5
    np.testing.assert_allclose(z.std(0), stddev, rtol=0.05)
    # No two values share their noise, unless the distribution says so.
    standard = ((z - z.mean(0)) / z.std(0)).reshape(MANY, -1)
    correlation = standard.T @ standard / MANY - np.eye(standard.shape[1])
    if name != "triangular":
        assert np.abs(correlation).max() < 0.05


@pytest.mark.parametrize(
    "name", ["diagonal", "triangular", "laplace", "prior_laplace", "student_t", "mixtures"]
)
def test_chunks_of_samples_are_the_whole(name):
    q = DRAWABLE[name]
    whole = sample_with_seeds(q, SEEDS, 7)
    chunks = [
        sample_with_seeds(q, SEEDS, 3, first_sample=0),
        sample_with_seeds(q, SEEDS, 4, first_sample=3),
    ]
    np.testing.assert_array_equal(tf.concat(chunks, 0), whole)


@pytest.mark.parametrize(
    "make",
    [
        tfd.MultivariateNormalDiag,
        lambda loc, scale: tfd.Independent(tfd.Laplace(loc, scale), 1),
        lambda loc, scale: tfd.Independent(tfd.StudentT(3.0, loc, scale), 1),
        lambda loc, scale: tfd.MixtureSameFamily(
            tfd.Categorical(probs=[1.0]), tfd.MultivariateNormalDiag(loc[:, None], scale[:, None])
        ),
    ],
)
def test_gradients_are_those_of_location_plus_scale_times_noise(make):
    with tf.GradientTape() as tape:
        tape.watch([LOC, SCALE])
        z = sample_with_seeds(make(LOC, SCALE), SEEDS, 2)
    by_loc, by_scale = tape.gradient(z, [LOC, SCALE])
    np.testing.assert_allclose(by_loc, np.full([3, 2], 2.0), rtol=1e-6)
    np.testing.assert_allclose(by_scale, tf.reduce_sum((z - LOC) / SCALE, 0), rtol=1e-4, atol=1e-5)


def test_student_t_draws_move_with_the_degrees_of_freedom_as_quantiles_do():
    df = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(df)
        z = sample_with_seeds(tfd.StudentT(df, tf.zeros(1), 1.0), SEEDS[:1], 1)[0, 0]
    # At its fixed noise a draw (r cos a) has r^2 = df (u^(-2/df) - 1); differences agree.
    above, below = (
        sample_with_seeds(tfd.StudentT(3.0 + step, tf.zeros(1), 1.0), SEEDS[:1], 1)[0, 0]
        for step in (0.01, -0.01)
    )
    np.testing.assert_allclose(tape.gradient(z, df), (above - below) / 0.02, rtol=1e-2)


def test_flow_of_a_python_function_is_drawn():
    def shift(masked, outputs):
        return tf.tile(tf.reduce_sum(masked, -1, keepdims=True), [1, 1, outputs]), None

    flow = tfb.RealNVP(num_masked=1, shift_and_log_scale_fn=shift)
    base = tfd.MultivariateNormalDiag(LOC, SCALE)
    z = sample_with_seeds(base, SEEDS, 4)
    moved = sample_with_seeds(flow(base), SEEDS, 4)
    np.testing.assert_allclose(moved[..., 0], z[..., 0])
    np.testing.assert_allclose(moved[..., 1], z[..., 1] + z[..., 0], rtol=1e-5)


@pytest.mark.parametrize(
    ("distribution", "message"),
    [
        (tfd.VonMises(tf.zeros(3), 1.0), "VonMises.*not a transformed normal and has no quantile"),
        (tfd.Sample(tfd.Laplace(tf.zeros(3), 1.0), 2), "only tfd.Sample of a tfd.Normal can be"),
        (tfb.Shift(LOC)(tfd.Normal(0.0, 1.0)), r"batch shape \(3, 2\).*give the base the full"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_the_reason(distribution, message):
    with pytest.raises(TypeError, match=message):
        sample_with_seeds(distribution, SEEDS)


def test_seeds_of_another_batch_are_refused():
    with pytest.raises(ValueError, match=r"batch shape \(3,\) and seeds has 2 rows"):
        sample_with_seeds(DRAWABLE["diagonal"], SEEDS[:2])


def test_a_new_kind_is_one_registered_function():
    class Shifted(tfd.VonMises):
        """A distribution like a user's own."""

    @sample_with_seeds.register(Shifted)
    def _(distribution, seeds, num_samples=1, first_sample=0):
        return distribution.loc + noise.normal(seeds, 1, num_samples, first_sample)[..., 0]

    q = tfd.Independent(Shifted(tf.constant([1.0, 2.0, 3.0]), 1.0), 0)
    expected = noise.normal(SEEDS, 1, 2)[..., 0] + [1.0, 2.0, 3.0]
    np.testing.assert_array_equal(sample_with_seeds(q, SEEDS, 2), expected)
