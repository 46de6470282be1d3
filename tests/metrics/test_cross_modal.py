import numpy as np
import pytest

import tfvae
from tests.conformance.registry import trained
from tests.conformance.registry_multimodal import CLASSES, batches, build, examples
from tfvae.data import Arrays, Labels, Modalities

X = examples()


@pytest.fixture(scope="module")
def model():
    return trained(build(tfvae.MVAE), 300, data=batches(X))


@pytest.fixture(scope="module")
def data():
    readers = {"image": Arrays(X["image"]), "label": Labels(X["label"].argmax(1), CLASSES)}
    return Modalities(readers)


def read_column(images):
    """Classifies an image by its bright column."""
    return {"label": images[:, 0, ::2, 0]}


def test_labels_are_read_from_images_and_images_agree_with_labels(model, data):
    accuracy = tfvae.metrics.cross_modal_accuracy(model, data, ["image"], "label")
    assert accuracy > 0.95
    for value in range(CLASSES):
        read = tfvae.metrics.coherence(model, {"label": value}, "image", read_column, 200)
        assert read.agreement == read.shares["label"][value] > 0.6
        assert read.shares["label"].sum() == pytest.approx(1.0)


def test_untrained_models_are_at_chance(data):
    floor = tfvae.metrics.cross_modal_accuracy(build(tfvae.MVAE), data, ["image"], "label")
    assert floor < 0.6
    nothing = tfvae.metrics.coherence(build(tfvae.MVAE), {}, "image", read_column, 50)
    assert nothing.agreement == 1.0  # no attribute is given


def test_invalid_input_is_rejected(model, data):
    with pytest.raises(ValueError, match="to is 'image', which is also in given"):
        tfvae.metrics.cross_modal_accuracy(model, data, ["image"], "image")
    with pytest.raises(ValueError, match="'image' must have one-hot labels"):
        tfvae.metrics.cross_modal_accuracy(model, data, ["label"], "image")
    with pytest.raises(ValueError, match="classify predicts label, not point"):
        tfvae.metrics.coherence(build(tfvae.MVAE), {"point": 0}, "image", read_column, 5)
    with pytest.raises(ValueError, match="class number 7"):
        tfvae.metrics.coherence(model, {"label": 7}, "image", read_column, 5)


def test_likelihood_of_a_data_set(model, data):
    estimate = tfvae.evaluation.mean_log_likelihood(model, data, 20, num_examples=50)
    by_hand = tfvae.evaluation.mean_log_likelihood(
        model, {name: X[name] for name in ("image", "label")}, 20
    )
    assert estimate.values.shape == (50,)
    assert abs(estimate.mean - by_hand.mean) < 5 * by_hand.standard_error
    assert np.isfinite(estimate.standard_error)
