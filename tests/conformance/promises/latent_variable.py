"""The promises of a model with a posterior of its latents."""

import numpy as np
import tensorflow as tf

from tests.conformance.entries import rows
from tests.conformance.promises.generative import GenerativePromises
from tfvae import noise


class LatentVariablePromises(GenerativePromises):
    """Promises of a `LatentVariableModel`."""

    per_example = ("loss", "elbo", "reconstruction", "kl")

    def progress(self, terms):
        return terms["elbo"]

    def test_posterior_has_the_shape_of_a_latent(self, subject):
        model = subject.untrained
        q = model.encode(rows(subject.entry.x, range(5)))
        assert (tuple(q.batch_shape), tuple(q.event_shape)) == ((5,), model.latent_shape)

    def test_posterior_of_bfloat16_networks_is_float32(self, subject):
        assert subject.bfloat16.encode(rows(subject.entry.x, range(2))).dtype == tf.float32

    def test_order_of_a_batch_does_not_matter(self, subject):
        model, seeds = subject.untrained, noise.seed_rows(0, 16)
        order = np.random.default_rng(0).permutation(16)
        x = rows(subject.entry.training, range(16))
        elbo = model.elbo(x, seeds).numpy()
        moved = model.elbo(rows(x, order), tf.gather(seeds, order))
        np.testing.assert_allclose(moved, elbo[order], rtol=1e-5)
