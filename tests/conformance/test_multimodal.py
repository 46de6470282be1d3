"""Models of several modalities: the promises of every model, and those of subsets."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfvae
from tests.conformance.entries import SEVERAL, in_every_run, rows
from tests.conformance.promises import LatentVariablePromises
from tests.conformance.registry_multimodal import (
    INCOMPLETE,
    LATENTS,
    SHAPE,
    build,
    encoder,
    examples,
)
from tfvae import noise
from tfvae.evaluation.likelihood import bytes_per_sample
from tfvae.saved_model.c_api import run_in_c_api

X = examples()


class TestMultimodalModels(LatentVariablePromises):
    entries = SEVERAL

    def test_every_subset_has_a_posterior(self, subject):
        model = subject.untrained
        for names in (["image"], ["label"], ["point", "label"], list(X)):
            x = {name: X[name][:5] for name in names}
            q = model.encode(x)
            assert (tuple(q.batch_shape), tuple(q.event_shape)) == ((5,), (LATENTS,))
            assert np.isfinite(model.elbo(x)).all()
        assert np.array_equal(model.encode({}).mean(), model.prior().mean())
        assert model.translate({"label": [0, 3]}, to="image").shape == (2, *SHAPE)

    def test_a_missing_value_is_a_modality_left_out(self, subject):
        model = subject.untrained
        here = np.arange(8) % 2 == 0
        x = {**rows(X, range(8)), "present": {"label": here}}
        without = {name: value for name, value in rows(X, range(8)).items() if name != "label"}
        elbo, whole, part = model.elbo(x), model.elbo(rows(X, range(8))), model.elbo(without)
        np.testing.assert_allclose(elbo, np.where(here, whole, part), rtol=1e-4)

    @in_every_run("JMVAE", "MMVAE")
    def test_likelihood_does_not_depend_on_order_or_chunks_and_rises_with_samples(self, subject):
        model, seeds = subject.untrained, noise.seed_rows(0, 16)
        order = np.random.default_rng(0).permutation(16)
        x = rows(INCOMPLETE, range(16))
        likelihood = model.log_likelihood(x, 20, seeds).numpy()
        moved = tfvae.evaluation.log_likelihood(
            model,
            rows(x, order),
            20,
            tf.gather(seeds, order),
            memory_budget=60 * bytes_per_sample(model, X),
        )
        np.testing.assert_allclose(moved, likelihood[order], rtol=1e-4)
        # The bound with one sample, and the same noise, is lower in expectation.
        assert np.mean(likelihood) > np.mean(model.log_likelihood(x, 1, seeds))

    @in_every_run("JMVAE")
    def test_export_has_signatures_of_subsets(self, subject):
        model = subject.at(3)
        loaded = tf.saved_model.load(str(subject.export)).signatures
        assert {"encode_label_point", "label_point_to_image", "sample_given_image"} <= set(loaded)
        assert "encode_image_label_point" in loaded
        answer = loaded["image_to_label"](image=tf.constant(X["image"][:2]))["label"]
        expected = model.translate({"image": X["image"][:2]}, to="label")
        np.testing.assert_allclose(answer, expected, rtol=1e-4)
        # The stock configuration: `export` itself prepares one signature at a time.
        calls = [("image_to_label", {"image": X["image"][:2]})]
        (stock,) = run_in_c_api(subject.export, calls)
        np.testing.assert_allclose(stock["label"], expected, rtol=1e-4)
        png = [tf.io.encode_png(np.uint8(255 * image)) for image in X["image"][:2]]
        answer = loaded["image_to_label_png"](image_bytes=tf.stack(png))["label"]
        np.testing.assert_allclose(answer, expected, rtol=1e-4)
        pictures = loaded["label_point_to_image_png"](
            **{name: tf.constant(X[name][:2]) for name in ("label", "point")}
        )["image_bytes"]
        assert tf.io.decode_png(pictures[1]).shape == SHAPE


def test_encoders_of_a_user_stay_ordinary_networks():
    inputs = {"image": keras.Input(SHAPE), "label": keras.Input((4,)), "point": keras.Input((2,))}
    flat = [keras.layers.Flatten()(value) for value in inputs.values()]
    network = keras.Model(inputs, keras.layers.Dense(2 * LATENTS)(keras.layers.concatenate(flat)))
    modalities = build(tfvae.MVAE).modalities
    model = tfvae.JMVAE(modalities, network, tfvae.heads.DiagonalNormal(LATENTS))
    assert np.isfinite(model.elbo(rows(X, range(3)))).all()
    with pytest.raises(
        ValueError, match=r"joint_encoder gives outputs of shape \[5\].*needs \[6\]"
    ):
        tfvae.JMVAE(
            modalities,
            tfvae.networks.JointEncoder(5, {name: encoder(8) for name in modalities}),
            tfvae.heads.DiagonalNormal(LATENTS),
        )
