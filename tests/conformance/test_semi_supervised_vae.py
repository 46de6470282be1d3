"""The label as a latent: against sums over labels, integration, and every promise."""

import functools

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

import tfvae
from tests.conformance.entries import LABELS, in_every_run
from tests.conformance.promises import LatentVariablePromises
from tests.conformance.registry import trained
from tests.conformance.registry_multimodal import (
    CLASSES,
    EXAMPLES,
    PARTLY_LABELLED,
    batches,
    build_labelled,
    encoder,
    examples,
)
from tfvae import noise
from tfvae.distributions.labelled_normal import LabelledNormal

make = functools.partial(build_labelled, tfvae.SemiSupervisedVAE)
X = {name: examples()[name] for name in ("image", "label")}
SOME = PARTLY_LABELLED
KNOWN = SOME["present"]["label"]


def test_distribution_is_a_mixture_with_known_components():
    random = np.random.default_rng(0)
    logits, mean = random.normal(size=(2, 3)), random.normal(size=(2, 3, 2))
    q = LabelledNormal(*(tf.cast(v, tf.float32) for v in (logits, mean, np.exp(0.3 * mean))))
    z = tfvae.distributions.sample_with_seeds(q, noise.seed_rows(0, 2), 40_000)
    assert z.shape == (40_000, 2, 5)
    np.testing.assert_allclose(np.mean(z, axis=0), q.mean(), atol=0.03)
    np.testing.assert_allclose(np.std(z, axis=0), q.stddev(), atol=0.03)
    label, latent = np.eye(3, dtype=np.float32)[[0, 2]], np.float32([[0.1, 0.2], [0.3, -1.0]])
    expected = tf.nn.log_softmax(logits).numpy()[[0, 1], [0, 2]] + tfd.MultivariateNormalDiag(
        mean[[0, 1], [0, 2]], np.exp(0.3 * mean)[[0, 1], [0, 2]]
    ).log_prob(latent)
    np.testing.assert_allclose(q.log_prob(np.concatenate([label, latent], 1)), expected, rtol=1e-4)


def test_objective_sums_over_labels_or_takes_the_known_one():
    model = make(alpha=0.0)
    seeds = noise.seed_rows(0, EXAMPLES)
    part = {"image": X["image"]}
    each = [
        model.objective({**part, "label": np.full(EXAMPLES, k)}, seeds, False)["loss"]
        for k in range(CLASSES)
    ]
    log_q = tf.nn.log_softmax(model.classify(model.typed(part)))
    expected = tf.reduce_sum(tf.exp(log_q) * (tf.stack(each, axis=1) + log_q), axis=1)
    unknown = model.objective(part, seeds, False)["loss"]
    np.testing.assert_allclose(unknown, expected, rtol=1e-4)
    mixed = model.objective(SOME, seeds, False)["loss"]
    known = model.objective(X, seeds, False)["loss"]
    np.testing.assert_allclose(mixed, np.where(KNOWN, known, unknown), rtol=1e-4)
    difference = make(alpha=3.0).objective(SOME, seeds, False)["loss"] - mixed
    right = tf.reduce_sum(X["label"] * log_q, axis=1)
    np.testing.assert_allclose(difference, -3.0 * np.where(KNOWN, right, 0.0), atol=1e-3)


def test_likelihoods_of_label_image_and_both():
    model = make()
    label = model.log_likelihood({"label": X["label"][:4]}, 5)
    np.testing.assert_allclose(label, -np.log(CLASSES), rtol=1e-5)
    both = [
        model.log_likelihood({"image": X["image"][:4], "label": np.full(4, k)}, 3000)
        for k in range(CLASSES)
    ]
    image = model.log_likelihood({"image": X["image"][:4]}, 3000)
    np.testing.assert_allclose(image, tf.reduce_logsumexp(both, axis=0), atol=0.1)


def test_few_labels_name_the_clusters():
    model = trained(make(alpha=5.0), 600, data=batches(SOME))
    accuracy = np.mean(
        np.argmax(model.translate({"image": X["image"]}, to="label"), 1) == X["label"].argmax(1)
    )
    assert accuracy > 0.9
    images = model.translate({"label": np.arange(CLASSES)}, to="image")
    assert np.array_equal(np.argmax(images[:, 0, ::2, 0], axis=1), np.arange(CLASSES))


class TestLabelledModels(LatentVariablePromises):
    entries = LABELS

    @in_every_run()
    def test_export_has_signatures_of_the_label(self, subject):
        loaded = tf.saved_model.load(str(subject.export)).signatures
        assert {"encode_image", "label_to_image", "image_to_label", "serving_default"} <= set(
            loaded
        )


def test_what_is_refused():
    modalities = make().modalities
    network, head = make().joint_encoder, tfvae.heads.DiagonalNormal(3)
    with pytest.raises(ValueError, match="of which 0 are labels"):
        tfvae.SemiSupervisedVAE({"image": modalities["image"]}, network, head)
    with pytest.raises(ValueError, match="posterior FullCovarianceNormal"):
        tfvae.SemiSupervisedVAE(modalities, network, tfvae.heads.FullCovarianceNormal(3))
    other = tfvae.networks.JointEncoder(5, {name: encoder(8) for name in modalities})
    with pytest.raises(ValueError, match=r"joint_encoder gives .* \[5\].*needs \[6\]"):
        tfvae.SemiSupervisedVAE(modalities, other, head)
    with pytest.raises(ValueError, match="num_classes is 1"):
        tfvae.multimodal.Label(1)
