import types

import numpy as np
import pytest

import tfvae
from trainers.latent_arithmetic import labels_of, latent_arithmetic

LABELS = np.arange(16) % 4


@pytest.fixture
def data(images):
    labelled = tfvae.data.Arrays(images)
    labelled.labels = LABELS
    return labelled


@pytest.mark.parametrize(
    ("arguments", "label", "others"),
    [
        ({}, 0, [1, 2, 3]),
        ({"direction": "2"}, 2, [0, 1, 3]),
        ({"direction": "2", "versus": "3"}, 2, [3]),
    ],
)
def test_label_is_added_to_as_many_images_of_each_other(
    tiny_model, images, data, monkeypatch, arguments, label, others
):
    given = []
    monkeypatch.setattr(tfvae.plots, "latent_arithmetic", lambda *received: given.extend(received))
    model = tiny_model()
    latent_arithmetic(model, data, seed=0, **arguments)
    used, shown, direction, name = given
    codes = model.encode(images).mean().numpy()
    expected = np.subtract(*(codes[np.isin(LABELS, rows)].mean(0) for rows in (label, others)))
    np.testing.assert_allclose(direction, expected, rtol=1e-4, atol=1e-6)
    assert (used, name) == (model, f'"{label}"')
    numbers = [int(np.flatnonzero((images == image).all((1, 2, 3)))[0]) for image in shown]
    assert LABELS[numbers].tolist() == sorted(others * 4)


def test_labels_of_any_data_are_text():
    numbers = np.array([5, 0])
    pinwheel = tfvae.data.Pinwheel(num_arms=3, points_per_arm=2)
    assert labels_of(pinwheel, numbers, None).tolist() == ["2", "0"]
    several = types.SimpleNamespace(labels={"smiling": np.arange(6), "old": np.arange(6) + 10})
    assert labels_of(several, numbers, "old").tolist() == ["15", "10"]
    shapes = tfvae.data.Shapes2D()
    number = shapes.indices([[2, 5, 39, 0, 31]])
    assert labels_of(shapes, number, "orientation").tolist() == ["39"]
    with pytest.raises(ValueError, match="--label is missing; valid: old, smiling"):
        labels_of(several, numbers, None)
    with pytest.raises(ValueError, match="--label is 'smile'; did you mean 'smiling'"):
        labels_of(several, numbers, "smile")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"direction": "4"}, "--direction is '4'; valid: 0, 1, 2, 3"),
        ({"versus": "4"}, "--versus is '4'; valid: 0, 1, 2, 3"),
        ({"direction": "1", "versus": "1"}, "--direction is '1'; it needs images of another label"),
    ],
)
def test_mistakes_are_named_as_the_flags(data, arguments, message):
    with pytest.raises(ValueError, match=message):
        latent_arithmetic(None, data, 0, **arguments)


def test_data_without_labels_is_refused(images):
    with pytest.raises(ValueError, match="Arrays has no labels, which latent_arithmetic needs"):
        latent_arithmetic(None, tfvae.data.Arrays(images), 0)
