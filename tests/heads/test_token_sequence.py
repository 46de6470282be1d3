import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfvae
from tfvae.heads import TokenSequence

LENGTH, WORDS = 3, 4
CONTEXT = np.random.default_rng(0).normal(scale=3, size=(2, 5)).astype(np.float32)


@pytest.fixture
def head():
    keras.utils.set_random_seed(0)
    head = TokenSequence(LENGTH, WORDS, units=8)
    head.logits.kernel.assign(3 * head.logits.kernel)  # far from uniform
    return head


def every_sequence():
    return np.array(list(itertools.product(range(WORDS), repeat=LENGTH)), np.int32)


def is_padded(sequences):
    """Whether a sequence is zeros after its first zero."""
    ends_before = np.cumsum(sequences == 0, axis=1) - (sequences == 0)
    return ~((ends_before > 0) & (sequences > 0)).any(axis=1)


def test_probabilities_of_all_sequences_sum_to_one(head):
    sequences = every_sequence()[is_padded(every_sequence())]
    assert len(sequences) == 1 + 3 + 9 + 27
    probabilities = np.exp(head(tf.constant(CONTEXT)).log_prob(sequences[:, np.newaxis]))
    assert probabilities.shape == (40, 2)
    np.testing.assert_allclose(probabilities.sum(axis=0), 1.0, rtol=1e-5)
    assert np.abs(probabilities[:, 0] - probabilities[:, 1]).max() > 0.1  # of two contexts


def test_what_follows_the_end_is_padding(head):
    p = head(tf.constant(CONTEXT[:1]))
    padded, other = p.log_prob([[2, 0, 0]]), p.log_prob([[2, 0, 3]])
    np.testing.assert_array_equal(padded, other)


def test_a_token_depends_on_those_before_it_only(head):
    """p(x_1 ... x_t) is the sum over all continuations."""
    longer = np.exp(head(tf.constant(CONTEXT[:1])).log_prob(every_sequence()))
    shorter = TokenSequence(LENGTH - 1, WORDS, units=8)
    shorter(tf.constant(CONTEXT))
    shorter.set_weights(head.get_weights())
    prefixes = every_sequence()[::WORDS, :-1]
    expected = np.exp(shorter(tf.constant(CONTEXT[:1])).log_prob(prefixes))
    going_on = (prefixes > 0).all(axis=1)
    sums = longer.reshape(-1, WORDS).sum(axis=1)
    np.testing.assert_allclose(sums[going_on], expected[going_on], rtol=1e-4)


def test_batch_axes_are_the_leading_ones(head):
    p = head(tf.constant(CONTEXT))
    assert (p.batch_shape, p.event_shape) == ([2], [LENGTH])
    tokens = np.array([[1, 2, 0], [3, 3, 3]], np.int32)
    several = head(tf.stack([CONTEXT, CONTEXT[::-1]]), batch_ndims=2)
    assert several.batch_shape == [2, 2]
    expected = np.stack([p.log_prob(tokens), p.log_prob(tokens[::-1])[::-1]])
    np.testing.assert_allclose(several.log_prob(tokens), expected, rtol=1e-5)
    np.testing.assert_allclose(several.log_prob(tokens.astype(np.float32)), expected, rtol=1e-5)
    assert several.mean().shape == (2, 2, LENGTH)
    same = head(tf.reshape(CONTEXT, [2, 5, 1]))  # a context may have any shape
    np.testing.assert_array_equal(same.log_prob(tokens), p.log_prob(tokens))


def test_mean_is_the_greedy_sequence(head):
    context = np.random.default_rng(1).normal(scale=3, size=(50, 5)).astype(np.float32)
    p = head(tf.constant(context))
    mean = p.mean().numpy()
    assert mean.dtype == np.int32
    assert is_padded(mean).all()
    assert len(np.unique(mean, axis=0)) > 3
    log_probs = p.log_prob(every_sequence()[:, np.newaxis]).numpy()
    log_probs[~is_padded(every_sequence())] = -np.inf
    for row, greedy in enumerate(mean):
        probabilities = np.exp(log_probs[:, row])
        for token in greedy:
            following = probabilities.reshape(WORDS, -1)
            assert following.sum(axis=1).argmax() == token
            probabilities = following[token]


def test_tokens_out_of_range_are_impossible(head):
    log_probs = head(tf.constant(CONTEXT)).log_prob([[1, WORDS, 0], [-1, 2, 2]])
    assert (log_probs.numpy() == -np.inf).all()
    assert head.support == (0.0, WORDS - 1.0)
    assert head.data_dtype == "int32"


def model_of_sequences(dtype="float32"):
    keras.utils.set_random_seed(0)
    return tfvae.VAE(
        tfvae.networks.TokenEncoder(4, LENGTH, WORDS, units=8, dtype=dtype),
        tfvae.networks.DenseDecoder((6,), hidden=(16,), dtype=dtype),
        tfvae.heads.DiagonalNormal(2),
        TokenSequence(LENGTH, WORDS, units=16),
    )


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_model_of_sequences_learns_and_is_saved(dtype, tmp_path):
    tokens = np.array([[1, 2, 0], [3, 0, 0], [2, 2, 2]], np.int32).repeat(8, axis=0)
    model = model_of_sequences(dtype)
    assert model.data_shape == (LENGTH,)
    assert {weight.dtype for weight in model.likelihood.weights} == {"float32"}
    model.compile(keras.optimizers.Adam(2e-2), seed=0)
    model.fit(tf.data.Dataset.from_tensors(tokens).repeat(), steps_per_epoch=150, verbose=0)
    elbo = model.elbo(tokens, seed=1)
    assert tf.reduce_mean(elbo) > -1.5  # at best -log 3
    assert elbo.dtype == tf.float32
    model.save(tmp_path / "model.keras")
    copy = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(copy.elbo(tokens, seed=1), elbo)


@pytest.mark.slow
def test_model_of_sequences_is_exported(tmp_path):
    model = model_of_sequences()
    exported = tf.saved_model.load(str(tfvae.export(model, tmp_path / "sequences")))
    z = np.random.default_rng(0).normal(scale=3, size=(5, 2)).astype(np.float32)
    served = exported.signatures["decode"](latent=tf.constant(z))["data"]
    np.testing.assert_array_equal(served, model.decode(z).mean())
