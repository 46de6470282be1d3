import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfvae
from tfvae.saved_model.c_api import run_in_c_api
from tfvae.saved_model.stored_weights import quantized


def kernel(*shape):
    """Random numbers with a different scale in each channel of the second to last axis."""
    random = np.random.default_rng(0)
    sizes = 10.0 ** np.arange(shape[-2])[:, None]
    return (sizes * random.normal(size=shape)).astype(np.float32)


@pytest.mark.parametrize("axis", [-1, -2])
@pytest.mark.parametrize("shape", [(4, 3), (3, 3, 4, 5), (2, 3, 3, 4, 1)])
def test_a_channel_is_kept_to_half_a_level_of_its_own_scale(shape, axis):
    value = kernel(*shape) if axis == -2 else np.swapaxes(kernel(*shape), -1, -2)
    codes, scale = quantized(value)
    assert (codes.dtype, scale.dtype) == (np.int8, np.float32)
    others = tuple(i for i in range(value.ndim) if i != value.ndim + axis)
    largest = np.abs(value).max(others, keepdims=True)
    np.testing.assert_allclose(scale, largest / 127, rtol=1e-6)
    assert np.all(np.abs(codes * scale - value) <= 0.501 * scale)


def test_channels_of_zeros_stay_zero():
    codes, scale = quantized(np.zeros((3, 2), np.float32))
    assert np.array_equal(codes * scale, np.zeros((3, 2)))


@pytest.fixture(scope="module")
def convolutional():
    keras.utils.set_random_seed(0)
    posterior, likelihood = tfvae.heads.DiagonalNormal(3), tfvae.heads.Bernoulli()
    return tfvae.VAE(
        tfvae.networks.ConvEncoder(posterior.params_size),
        tfvae.networks.ConvDecoder((16, 16, 1), likelihood.params_size),
        posterior,
        likelihood,
    )


@pytest.mark.parametrize(
    ("form", "ratio", "bound"), [("bfloat16", 0.5, 0.02), ("int8", 0.25, 0.03)]
)
def test_an_export_is_smaller_and_its_card_says_what_that_costs(
    form, ratio, bound, convolutional, tmp_path
):
    images = np.random.default_rng(0).uniform(size=(70, 16, 16, 1)).astype(np.float32)
    path = tfvae.export(convolutional, tmp_path / "m", None, 2, weights=form, examples=images)
    weights = json.loads((path / "assets.extra/model_card.json").read_text())["weights"]
    assert weights["dtype"] == form
    # The stated error is the difference between another runtime's outputs and the model's.
    mean, image = convolutional.encode(images).mean(), convolutional(images)
    served, decoded = run_in_c_api(
        path, [("encode", {"image": images}), ("reconstruct", {"image": images})]
    )
    for answer, expected, error in (
        (served["mean"], mean, weights["error"]["encode"]["mean"]),
        (decoded["image"], image, weights["error"]["reconstruct"]["image"]),
    ):
        assert answer.dtype == np.float32
        difference = np.abs(answer - expected)
        np.testing.assert_allclose(error["max"], difference.max(), rtol=0.02)
        np.testing.assert_allclose(error["mean"], difference.mean(), rtol=0.02)
        assert 0 < error["mean"] < error["max"] < bound
    assert {"decode", "encode", "reconstruct"} == set(weights["error"])
    assert set(weights["error"]["encode"]) == {"mean", "stddev"}
    variables = tf.train.load_checkpoint(str(path / "variables/variables"))
    sizes = {
        dtype.name: sum(
            int(np.prod(variables.get_variable_to_shape_map()[name]))
            for name, other in variables.get_variable_to_dtype_map().items()
            if other == dtype
        )
        for dtype in variables.get_variable_to_dtype_map().values()
    }
    matrices = sum(
        int(np.prod(v.shape)) for v in convolutional.trainable_variables if len(v.shape) >= 2
    )
    assert sizes[form] == matrices
    assert sizes["float32"] < matrices / 50  # vectors and scales
    data = (path / "variables/variables.data-00000-of-00001").stat().st_size
    assert data < 1.05 * ratio * 4 * matrices
    assert weights["bytes"] / weights["bytes_of_float32"] < 0.9


def test_models_are_left_as_they_were(tiny_model, images, tmp_path):
    model = tiny_model()
    before = model.encode(images).mean()
    tfvae.export(model, tmp_path / "m", None, 2, weights="int8", examples=images)
    assert np.array_equal(model.encode(images).mean(), before)


def test_what_cannot_be_measured_is_refused(tiny_model, images, tmp_path):
    with pytest.raises(ValueError, match="weights is 'int4'; give one of float32, bfloat16, int8"):
        tfvae.export(tiny_model(), tmp_path, weights="int4")
    for examples in (None, images[:0]):
        with pytest.raises(
            ValueError,
            match=r"weights is 'int8', and the model card states its error; give examples",
        ):
            tfvae.export(tiny_model(), tmp_path, weights="int8", examples=examples)
    assert list(tmp_path.iterdir()) == []
