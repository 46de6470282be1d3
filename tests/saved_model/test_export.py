import json
import sys

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

import tfvae
from tfvae import noise
from tfvae.saved_model import ExportError
from tfvae.saved_model.c_api import run_in_c_api
from tfvae.saved_model.export import versions

EXPORT = sys.modules["tfvae.saved_model.export"]  # the package's attribute is the function
ROWS = np.array([[7, 0], [7, 1], [-3, 2**40], [2**62, -1]], np.int64)


@pytest.fixture(scope="module")
def model(tiny_model):
    return tiny_model(tfvae.BetaVAE, beta=2.0)


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
    base = tmp_path_factory.mktemp("models") / "tiny"
    return tfvae.export(model, base, log_likelihood_samples=20, facts={"data": "bars"})


@pytest.fixture
def empty_exports(monkeypatch):
    monkeypatch.setattr(EXPORT, "_save", lambda path, named: path.mkdir(parents=True))
    monkeypatch.setattr(EXPORT, "verify", lambda *args: None)


def answers(path, *calls):
    return run_in_c_api(path, list(calls))


def test_answers_are_the_models(exported, model, images):
    latent = np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32)
    x, rows = images[:4], {"seed": ROWS}
    encode, default, drawn, decode, reconstruct, likelihood = answers(
        exported,
        ("encode", {"image": x}),
        ("serving_default", {"image": x}),
        ("encode_sample", {"image": x, **rows}),
        ("decode", {"latent": latent}),
        ("reconstruct", {"image": x}),
        ("log_likelihood", {"image": x, **rows}),
    )
    q = model.encode(x)
    np.testing.assert_allclose(encode["mean"], q.mean(), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(encode["stddev"], q.stddev(), rtol=1e-4)
    np.testing.assert_array_equal(default["mean"], encode["mean"])
    np.testing.assert_allclose(drawn["latent"], model.encode_sample(x, ROWS), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(decode["image"], model.decode(latent).mean(), rtol=1e-4)
    np.testing.assert_allclose(reconstruct["image"], model(x), rtol=1e-4)
    expected = model.log_likelihood(x, num_samples=20, seed=ROWS)
    np.testing.assert_allclose(likelihood["log_likelihood"], expected, rtol=1e-4)


def test_samples_are_functions_of_their_rows(exported, model):
    whole, part, one, nothing = answers(
        exported, *(("sample", {"seed": ROWS[s]}) for s in (slice(4), slice(1, 3), [3], slice(0)))
    )
    oracle = [tf.random.stateless_normal([2], seed=row, alg="philox") for row in ROWS]
    np.testing.assert_allclose(whole["latent"], oracle, atol=2e-6)
    np.testing.assert_array_equal(part["latent"], whole["latent"][1:3])
    np.testing.assert_array_equal(one["latent"], whole["latent"][3:])
    np.testing.assert_allclose(part["image"], whole["image"][1:3], rtol=1e-5)
    np.testing.assert_allclose(whole["image"], model.sample(4, ROWS), rtol=1e-4)
    assert nothing["latent"].shape == (0, 2)
    assert nothing["image"].shape == (0, 4, 4, 1)


def test_png_signatures_are_the_same_in_bytes(exported, images):
    png = np.array([tf.io.encode_png((255 * x).astype(np.uint8)).numpy() for x in images], object)
    encoded, plain, decoded, image, sampled = answers(
        exported,
        ("encode_png", {"image_bytes": png}),
        ("encode", {"image": images}),
        ("decode_png", {"latent": np.zeros([2, 2], np.float32)}),
        ("decode", {"latent": np.zeros([2, 2], np.float32)}),
        ("sample_png", {"seed": ROWS}),
    )
    np.testing.assert_allclose(encoded["mean"], plain["mean"], rtol=1e-5)
    levels = [tf.io.decode_png(value).numpy() for value in decoded["image_bytes"]]
    np.testing.assert_array_equal(levels, np.round(255 * image["image"]))
    assert set(sampled) == {"latent", "image_bytes"}
    assert tf.io.decode_png(sampled["image_bytes"][3]).shape == (4, 4, 1)
    large = np.array([tf.io.encode_png(np.zeros([5, 4, 1], np.uint8)).numpy()], object)
    with pytest.raises(Exception, match="image_bytes must be a PNG of 4 x 4 pixels"):
        answers(exported, ("encode_png", {"image_bytes": large}))


def test_card_says_what_the_model_is(exported, model):
    card = json.loads((exported / "assets.extra/model_card.json").read_text())
    assert card["model"] == "BetaVAE"
    assert card["config"]["beta"] == 2.0
    assert card["data"] == "bars"
    assert card["input_range"] == [0.0, 1.0]
    assert card["data_shape"] == [4, 4, 1]
    assert card["parameters"] == model.count_params()
    assert card["signatures"]["encode_sample"] == {
        "image": ["float32", [None, 4, 4, 1]],
        "seed": ["int64", [None, 2]],
    }
    assert card["versions"]["tensorflow"] == tf.__version__


def test_warm_up_asks_every_signature_with_one_row(exported):
    path = exported / "assets.extra/tf_serving_warmup_requests"
    requests = [
        prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
        for record in tf.data.TFRecordDataset(str(path))
    ]
    card = json.loads((exported / "assets.extra/model_card.json").read_text())
    names = {request.model_spec.signature_name for request in requests}
    assert names == set(card["signatures"]) >= {"serving_default", "sample_png"}
    for request in requests:
        assert request.model_spec.name == "tiny"
        assert all(tf.make_ndarray(tensor).shape[0] == 1 for tensor in request.inputs.values())


def test_versions_follow_one_another(tiny_model, tmp_path, empty_exports):
    base = tmp_path / "tiny"
    small = tiny_model()
    assert tfvae.export(small, base).name == "1"
    assert tfvae.export(small, base, version=9).name == "9"
    (base / "notes").mkdir()
    assert tfvae.export(small, base).name == "10"
    assert versions(base) == [1, 9, 10]
    with pytest.raises(FileExistsError, match=r"tiny/9 exists.*give a version above 10"):
        tfvae.export(small, base, version=9)
    with pytest.raises(ValueError, match="version is -1; it must be at least 0"):
        tfvae.export(small, base, version=-1)
    with pytest.raises(ValueError, match="log_likelihood_samples is 0; it must be at least 1"):
        tfvae.export(small, base, log_likelihood_samples=0)


def test_failed_verification_leaves_nothing(tiny_model, tmp_path):
    broken = tiny_model()
    broken.decoder.layers[0].bias.assign(np.full(8, np.nan))
    with pytest.raises(ExportError, match=r"signature \w+, output image, batch 1: not finite"):
        tfvae.export(broken, tmp_path / "broken")
    assert list(tmp_path.glob("broken/*")) + list(tmp_path.glob("broken/.*")) == []


def test_data_of_one_axis_is_named_data_and_has_no_png(linear_gaussian):
    signatures = linear_gaussian().model.signatures()
    assert set(signatures) == {
        "serving_default", "encode", "encode_sample", "decode", "sample", "reconstruct",
        "log_likelihood",
    }  # fmt: skip
    assert set(signatures["encode"].inputs) == {"data"}
    rows = noise.seed_rows(0, 2)
    assert set(signatures["sample"].function(seed=rows)) == {"latent", "data"}
