import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae import heads

PARAMS = np.random.default_rng(0).normal(size=(3, 2, 2, 6)).astype(np.float32)
EVERY_HEAD = [
    heads.Bernoulli(),
    heads.ContinuousBernoulli(),
    heads.Normal(0.5),
    heads.Normal("learned"),
    heads.Normal("per_value"),
    heads.DiscretizedLogistic(),
    heads.Categorical(3),
    heads.OneHotCategorical(),
]


def identified(head):
    return f"{type(head).__name__}-{getattr(head, 'scale', '')}"


@pytest.mark.parametrize("head", EVERY_HEAD, ids=identified)
def test_batch_axes_are_the_leading_ones(head):
    channels = PARAMS.shape[-1] // head.params_size
    p = head(tf.constant(PARAMS))
    assert p.batch_shape == [3]
    assert p.event_shape == [2, 2, channels]
    x = tf.constant(np.round(np.random.default_rng(1).uniform(size=(3, 2, 2, channels))), "float32")
    # The same parameters as samples x batch: one log-probability each, the same numbers.
    several = head(tf.stack([PARAMS, PARAMS]), batch_ndims=2)
    assert several.batch_shape == [2, 3]
    np.testing.assert_allclose(several.log_prob(x), tf.stack([p.log_prob(x)] * 2), rtol=1e-6)
    assert several.mean().shape == [2, 3, 2, 2, channels]


@pytest.mark.parametrize("head", EVERY_HEAD, ids=identified)
def test_config_round_trip_gives_the_same_distribution(head):
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(head))
    assert copy.params_size == head.params_size
    np.testing.assert_array_equal(
        copy(tf.constant(PARAMS)).mean(), head(tf.constant(PARAMS)).mean()
    )


@pytest.mark.parametrize("head", [heads.Bernoulli(), heads.ContinuousBernoulli()])
@pytest.mark.parametrize("logit", [-100.0, 0.0, 1e-4, 100.0])
def test_extreme_logits_stay_finite(head, logit):
    logits = tf.fill([1, 3], logit)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        p = head(logits)
        log_prob = p.log_prob([[0.0, 0.3, 1.0]])
    assert np.isfinite(log_prob).all()
    assert np.isfinite(tape.gradient(log_prob, logits)).all()
    assert np.isfinite(p.mean()).all()


def test_bernoulli_is_the_cross_entropy():
    x = np.array([[0.0, 0.25, 1.0]], np.float32)
    p = 1 / (1 + np.exp([2.0, 0.5, -1.0]))
    expected = np.sum(x * np.log(p) + (1 - x) * np.log1p(-p))
    log_prob = heads.Bernoulli()(tf.constant([[-2.0, -0.5, 1.0]])).log_prob(x)
    np.testing.assert_allclose(log_prob, [expected], rtol=1e-5)


def test_bernoulli_is_as_exact_as_tfps():
    logits = np.random.default_rng(2).normal(scale=8, size=[20, 4096]).astype(np.float32)
    x = (np.random.default_rng(3).uniform(size=logits.shape) < 1 / (1 + np.exp(-logits))) * 1.0
    expected = np.sum(x * logits.astype(np.float64) - np.logaddexp(0, np.float64(logits)), axis=1)
    log_prob = heads.Bernoulli()(tf.constant(logits)).log_prob(x)
    np.testing.assert_allclose(log_prob, expected, rtol=1e-6)


@pytest.mark.parametrize("logit", [-20.0, -3.0, 0.0, 1e-3, 5.0])
def test_continuous_bernoulli_integrates_to_one(logit):
    x = (np.arange(20_000, dtype=np.float32)[:, None] + 0.5) / 20_000
    p = heads.ContinuousBernoulli()(tf.fill([len(x), 1], logit))
    density = np.exp(p.log_prob(x), dtype=np.float64)
    assert density.mean() == pytest.approx(1.0, abs=1e-4)
    assert float(p.mean()[0, 0]) == pytest.approx((density * x[:, 0]).mean(), abs=1e-3)


def test_normal_scales():
    params = tf.constant([[0.3, -0.4]])
    x = [[1.0, 2.0]]
    fixed = heads.Normal(0.5)(params).log_prob(x)
    np.testing.assert_allclose(
        fixed, tf.reduce_sum(tfd.Normal(params, 0.5).log_prob(x), axis=-1), rtol=1e-6
    )
    learned = heads.Normal("learned")
    learned.log_variance.assign(np.log(0.25))
    np.testing.assert_allclose(learned(params).log_prob(x), fixed, rtol=1e-5)
    assert len(learned.trainable_weights) == 1
    per_value = heads.Normal("per_value")(tf.constant([[0.3, -0.4, np.log(0.25), np.log(0.25)]]))
    np.testing.assert_allclose(per_value.log_prob(x), fixed, rtol=1e-5)


def test_discretized_logistic_is_a_distribution_over_256_levels():
    levels = np.arange(256, dtype=np.float32)[:, None] / 255
    for mean, log_variance in ((0.5, -4.0), (0.02, -2.0), (1.3, -8.0)):
        params = tf.tile([[mean, log_variance]], [256, 1])
        p = heads.DiscretizedLogistic()(params)
        probabilities = np.exp(p.log_prob(levels), dtype=np.float64)
        assert probabilities.sum() == pytest.approx(1.0, abs=1e-4)
        logistic = tfd.Logistic(mean, np.exp(log_variance / 2))
        # The first and the last level take the tails.
        assert probabilities[0] == pytest.approx(float(logistic.cdf(0.5 / 255)), abs=1e-5)
        assert probabilities[-1] == pytest.approx(
            float(logistic.survival_function(254.5 / 255)), abs=1e-5
        )
        assert probabilities[100] == pytest.approx(
            float(logistic.cdf(100.5 / 255) - logistic.cdf(99.5 / 255)), abs=1e-5
        )
        np.testing.assert_allclose(p.mean()[0, 0], min(mean, 1.0), rtol=1e-6)


def test_discretized_logistic_is_made_without_a_warning(caplog):
    heads.DiscretizedLogistic()(tf.zeros([1, 2]))
    assert not caplog.records


@pytest.mark.parametrize("x", [0.0, 0.5, 1.0])
def test_discretized_logistic_has_gradients_in_the_tails(x):
    params = tf.constant([[-3.0, -20.0], [4.0, -20.0], [0.5, -20.0], [0.5, 20.0]])
    with tf.GradientTape() as tape:
        tape.watch(params)
        log_prob = heads.DiscretizedLogistic()(params).log_prob(tf.fill([4, 1], x))
    gradient = tape.gradient(log_prob, params).numpy()
    assert np.isfinite(log_prob).all()
    assert np.isfinite(gradient).all()
    if x == 0.5:  # the mean is pulled towards the value from however far
        assert gradient[0, 0] > 1
        assert gradient[1, 0] < -1


def test_categorical_is_over_class_numbers():
    logits = np.random.default_rng(0).normal(size=(1, 2, 3))  # two values, three classes
    params = tf.constant(np.concatenate([logits[..., k] for k in range(3)], -1), tf.float32)
    p = heads.Categorical(3)(params)
    probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    expected = np.log(probabilities[0, 0, 2]) + np.log(probabilities[0, 1, 0])
    np.testing.assert_allclose(p.log_prob([[2.0, 0.0]]), [expected], rtol=1e-5)
    np.testing.assert_allclose(p.mean(), probabilities @ [0, 1, 2], rtol=1e-5)
    assert heads.Categorical(3).support == (0.0, 2.0)


def test_one_hot_categorical_is_the_categorical():
    logits = np.random.default_rng(0).normal(scale=5, size=(20, 7)).astype(np.float32)
    classes = np.random.default_rng(1).integers(0, 7, 20)
    p, oracle = heads.OneHotCategorical()(tf.constant(logits)), tfd.Categorical(logits)
    assert (p.batch_shape, p.event_shape) == ([20], [7])
    np.testing.assert_allclose(p.log_prob(np.eye(7)[classes]), oracle.log_prob(classes), rtol=1e-5)
    np.testing.assert_allclose(p.mean(), oracle.probs_parameter(), rtol=1e-5)
    soft = np.random.default_rng(2).dirichlet(np.ones(7), 20)
    expected = sum(soft[:, k] * oracle.log_prob(np.full(20, k)) for k in range(7))
    np.testing.assert_allclose(p.log_prob(soft), expected, rtol=1e-5)
    several = heads.OneHotCategorical()(tf.reshape(logits, [4, 5, 7]))  # five labels an example
    np.testing.assert_allclose(
        several.log_prob(np.eye(7)[classes].reshape(4, 5, 7)),
        tf.reduce_sum(tf.reshape(oracle.log_prob(classes), [4, 5]), axis=1),
        rtol=1e-5,
    )


@pytest.mark.parametrize("logit", [-200.0, 200.0])
def test_sure_one_hot_categorical_stays_finite(logit):
    logits = tf.constant([[logit, 0.0, 0.0]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        log_prob = heads.OneHotCategorical()(logits).log_prob([[1.0, 0.0, 0.0]])
    assert np.isfinite(log_prob).all()
    assert np.isfinite(tape.gradient(log_prob, logits)).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: heads.Normal("fixed"), r'scale is \'fixed\'; it must be a number, "learned"'),
        (lambda: heads.Normal(0.0), r"scale is 0.0; it must be above 0"),
        (lambda: heads.Normal(float("nan")), r"scale is nan; it must be above 0"),
        (lambda: heads.Categorical(1), r"num_classes is 1; it must be at least 2"),
        (lambda: heads.TokenSequence(0, 4), r"length is 0; it must be at least 1"),
        (lambda: heads.TokenSequence(3, 1), r"vocabulary_size is 1; it must be at least 2"),
        (lambda: heads.DiagonalNormal(0), r"size is 0; it must be above 0"),
        (lambda: heads.FullCovarianceNormal(-1), r"size is -1; it must be above 0"),
    ],
)
def test_wrong_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
