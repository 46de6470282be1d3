"""Coefficients that change between steps, on two replicas."""

import keras
import numpy as np

import tfvae
from tests.conformance.registry import Bars, build


def losses(model):
    model.compile(keras.optimizers.SGD(0.0))
    found = []
    for beta in (1.0, 8.0, tfvae.schedules.Linear(3.0, 3.0, 1), 2):
        model.beta = beta
        history = model.fit(Bars().batches(15, 0), steps_per_epoch=2, verbose=0).history
        found.append([history[name][0] for name in ("loss", "reconstruction", "kl")])
    return np.transpose(found)


def test_a_coefficient_set_later_reaches_every_replica(mirrored):
    with mirrored.scope():
        model = build(tfvae.BetaVAE)
    loss, reconstruction, kl = losses(model)
    np.testing.assert_allclose(
        loss, np.array([1.0, 8.0, 3.0, 2.0]) * kl - reconstruction, rtol=1e-5
    )
