import keras
import numpy as np
import pytest
import tensorflow as tf

import tfvae
from tests.data.reader_checks import assert_reader
from tfvae.data import Pinwheel


def unbent(data, rate):
    """The points with their arm's turn and bend undone, and how far that is ambiguous: [N, 2].

    A point's radius is almost its coordinate along the arm, which says how far it was bent.
    """
    radius = np.linalg.norm(data.points, axis=1)
    angle = 2 * np.pi * data.labels / (data.labels.max() + 1) + rate * np.exp(radius)
    turn = np.exp(1j * angle)  # arms bend clockwise
    back = (data.points[:, 0] + 1j * data.points[:, 1]) * turn
    return np.stack([back.real, back.imag], axis=1)


def test_arms_have_the_published_shape():
    data = Pinwheel(points_per_arm=20_000)
    straight = unbent(data, rate=0.25)
    np.testing.assert_allclose(straight.mean(0), [1, 0], atol=0.02)
    np.testing.assert_allclose(straight.std(0), [0.3, 0.1], rtol=0.05)
    np.testing.assert_array_equal(np.bincount(data.labels), [20_000] * 4)
    centres = [data.points[data.labels == arm].mean(0) for arm in range(4)]
    for here, following in zip(centres, centres[1:] + centres[:1], strict=True):
        np.testing.assert_allclose(following, [here[1], -here[0]], atol=0.02)  # a quarter turn


def test_points_are_a_function_of_the_seed():
    data = Pinwheel()
    assert_reader(data, data.points)
    assert data.num_examples == 400
    np.testing.assert_array_equal(data.points, Pinwheel(seed=0).points)
    assert (data.points != Pinwheel(seed=1).points).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_arms": 0}, "num_arms is 0; it must be at least 1"),
        ({"points_per_arm": -3}, "points_per_arm is -3; it must be at least 1"),
        ({"radial_std": 0.0}, "radial_std is 0.0; it must be above 0"),
        ({"tangential_std": float("nan")}, "tangential_std is nan; it must be above 0"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        Pinwheel(**arguments)


def test_a_model_of_points_trains_evaluates_and_exports(tmp_path):
    keras.utils.set_random_seed(0)
    data, posterior = Pinwheel(), tfvae.heads.DiagonalNormal(2)
    likelihood = tfvae.heads.Normal("per_value")
    model = tfvae.VAE(
        encoder=tfvae.networks.DenseEncoder(posterior.params_size, (32,)),
        decoder=tfvae.networks.DenseDecoder((2,), likelihood.params_size, (32,)),
        posterior=posterior,
        likelihood=likelihood,
    )
    model.compile(keras.optimizers.Adam(1e-2), seed=0)
    before = model.evaluate(data.epoch(400), verbose=0, return_dict=True)["elbo"]
    model.fit(data.batches(400, seed=0), steps_per_epoch=100, verbose=0)
    assert model.evaluate(data.epoch(400), verbose=0, return_dict=True)["elbo"] > before + 0.5
    exported = tf.saved_model.load(str(tfvae.export(model, tmp_path / "pinwheel")))
    encode = exported.signatures["encode"]
    assert encode.structured_input_signature[1]["data"].shape.as_list() == [None, 2]
    mean = encode(data=tf.constant(data.points[:3]))["mean"]
    np.testing.assert_allclose(mean, model.encode(data.points[:3]).mean(), atol=1e-5)
