"""Batches in parts, averages of the weights and float16, on one device and on two replicas."""

import contextlib
import functools

import keras
import numpy as np
import pytest

import tfvae
from tests.conformance.registry import Bars, build, trained, weights
from tfvae.training.checkpoints import Checkpoints
from tfvae.training.run import train


def make(strategy=None, cls=tfvae.FactorVAE, dtype=None, optimizer=None, **kwargs):
    """A compiled model; FactorVAE has two players."""
    adversary = {
        "discriminator": lambda: tfvae.networks.Discriminator((16,), dtype=dtype),
        "gamma": 2.0,
    }
    with strategy.scope() if strategy else contextlib.nullcontext():
        model = build(cls, dtype, **(adversary if cls is tfvae.FactorVAE else {}))
        default = functools.partial(keras.optimizers.Adam, 3e-3, global_clipnorm=5.0)
        model.compile((optimizer or default)(), seed=0, **kwargs)
    return model


def test_parts_and_averages_on_two_replicas_equal_one_device(mirrored):
    def optimizer():
        return keras.optimizers.SGD(1e-3, use_ema=True, ema_momentum=0.9)

    one, two = (
        trained(make(strategy, tfvae.VAE, optimizer=optimizer, accumulation=parts), batch_size=33)
        for strategy, parts in ((None, 1), (mirrored, 2))
    )
    assert np.max(np.abs(weights(two) - weights(one))) < 1e-5  # the averages
    for left, right in zip(two.optimizer.variables, one.optimizer.variables, strict=True):
        np.testing.assert_allclose(left.numpy(), right.numpy(), atol=1e-5)  # the weights


@pytest.mark.parametrize("replicas", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_float16_trains_and_an_overflow_leaves_out_one_step_of_its_player(replicas, mirrored):
    model = make(mirrored if replicas == 2 else None, dtype="mixed_float16")
    assert all(
        isinstance(p.optimizer, keras.optimizers.LossScaleOptimizer) for p in model.players()
    )
    assert model.encode(Bars().array[:2]).dtype == np.float32
    before = np.mean(model.elbo(Bars().array))
    assert np.mean(trained(model, 60).elbo(Bars().array)) > before + 5
    vae, discriminator = model.players()
    vae.optimizer.dynamic_scale.assign(3e38)

    def values():
        return [
            np.concatenate([np.ravel(v.numpy()) for v in p.variables]) for p in (vae, discriminator)
        ]

    old = values()
    trained(model, 1, start=60)
    assert [np.array_equal(a, b) for a, b in zip(values(), old, strict=True)] == [True, False]
    assert int(model.step) == int(discriminator.optimizer.iterations.numpy()) == 61
    assert float(vae.optimizer.dynamic_scale.numpy()) == pytest.approx(1.5e38)


def test_another_number_of_replicas_is_said_to_be_equal_to_rounding_only(mirrored, tmp_path):
    one, two = make(None, tfvae.VAE), make(mirrored, tfvae.VAE)
    Checkpoints(one, tmp_path).save()
    with pytest.warns(UserWarning, match=r"by 1 replicas and .* with 2: .* not bit for bit"):
        Checkpoints(two, tmp_path).restore()
    assert np.array_equal(weights(two), weights(one))


def test_fewer_rows_than_replicas_are_refused(mirrored, tmp_path):
    model = make(mirrored, tfvae.VAE, accumulation=2)
    with pytest.raises(ValueError, match=r"batch_size is 3; 2 replicas and accumulation 2 need at"):
        train(model, Bars(), tmp_path, steps=1, batch_size=3)
