import math

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

import tfvae
from tfvae.evaluation import bits_per_dimension


def test_equally_likely_levels_take_eight_bits(tiny_model, images):
    model = tiny_model(likelihood=tfvae.heads.DiscretizedLogistic())
    bits = bits_per_dimension(model, images, tf.constant([-16 * math.log(256), 0.0]))
    np.testing.assert_allclose(bits, [8.0, 0.0], atol=1e-6)


def test_binary_values_have_bits_and_grey_ones_do_not(tiny_model, images):
    model = tiny_model()
    assert bits_per_dimension(model, images, -16 * math.log(2)) == pytest.approx(1.0)
    with pytest.raises(
        ValueError, match=r"Bernoulli gives probabilities to 0 and 1 only.*have 0.3"
    ):
        bits_per_dimension(model, images * 0.3, -10.0)


def of_a_user(params):
    return tfd.Independent(tfd.Laplace(params, 1.0), 3)


@pytest.mark.parametrize(
    "head", [tfvae.heads.Normal(), tfvae.heads.ContinuousBernoulli(), of_a_user]
)
def test_densities_have_no_bits(head, tiny_model, images):
    with pytest.raises(ValueError, match="is a density; its logarithm depends on the data's"):
        bits_per_dimension(tiny_model(likelihood=head), images, -10.0)
