import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae import noise
from tfvae.distributions.chain import Chain
from tfvae.distributions.sampling import sample_with_seeds


@pytest.mark.parametrize("top_first", [True, False])
def test_layers_share_no_noise_and_stand_top_first(top_first):
    def layer(scale):
        return lambda before, _: tfd.MultivariateNormalDiag(
            tf.zeros_like(before), scale * tf.ones_like(before)
        )

    first = tfd.MultivariateNormalDiag(tf.zeros([2, 1]))
    chain = Chain(first, [layer(2.0), layer(3.0)], [1, 1, 1], top_first)
    z = sample_with_seeds(chain, noise.seed_rows(0, 2), 4000).numpy().reshape(-1, 3)
    scales = np.array([1.0, 2.0, 3.0] if top_first else [3.0, 2.0, 1.0])
    np.testing.assert_allclose(z.std(0), scales, rtol=0.05)
    correlation = np.corrcoef(z, rowvar=False) - np.eye(3)
    assert np.abs(correlation).max() < 5 / np.sqrt(8000)
    np.testing.assert_allclose(chain.stddev(), [scales, scales])
    expected = tfd.MultivariateNormalDiag(tf.zeros(3), tf.constant(scales, tf.float32))
    np.testing.assert_allclose(chain.log_prob(z[:, None])[:, 1], expected.log_prob(z), rtol=1e-5)


def test_each_row_has_its_own_context_under_broadcasting():
    context = tf.constant([[1.0], [10.0], [100.0]])
    first = tfd.MultivariateNormalDiag(tf.zeros([3, 1]))
    chain = Chain(
        first,
        [
            lambda before, context: tfd.MultivariateNormalDiag(
                before + context, tf.ones_like(before)
            )
        ],
        [1, 1],
        top_first=True,
        context=context,
    )
    z = sample_with_seeds(chain, noise.seed_rows(0, 3), 2000)
    np.testing.assert_allclose(tf.reduce_mean(z[..., 1], 0), context[:, 0], atol=0.2)
    # One point under every posterior, as for the aggregate posterior.
    pairs = chain.log_prob(tf.constant([[[0.5, 2.0]], [[0.0, 0.0]]]))
    assert pairs.shape == (2, 3)
    mean = np.array([0.5, 0.0])[:, None] + context.numpy().T
    expected = tfd.Normal(0.0, 1.0).log_prob([[0.5], [0.0]]) + tfd.Normal(
        mean.astype(np.float32), 1.0
    ).log_prob([[2.0], [0.0]])
    np.testing.assert_allclose(pairs, expected, rtol=1e-5)
