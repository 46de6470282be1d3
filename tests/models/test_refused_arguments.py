"""Data and arguments that give wrong numbers are refused wherever they come in, in one sentence."""

import keras
import numpy as np
import pytest

import tfvae
from tfvae import latents, noise, plots

SEEDS = noise.seed_rows(0, 4)
ENTRIES = {
    "encode": lambda model, x: model.encode(x),
    "encode_sample": lambda model, x: model.encode_sample(x, SEEDS),
    "call": lambda model, x: model(x),
    "predict": lambda model, x: model.predict(x, verbose=0),
    "elbo": lambda model, x: model.elbo(x),
    "log_likelihood": lambda model, x: model.log_likelihood(x, num_samples=2),
    "log_weights": lambda model, x: model.log_weights(x, SEEDS, 2),
    "latents": lambda model, x: latents.encoded(model.encode, x),
    "reconstructions": plots.reconstructions,
    "traversals": plots.traversals,
    "interpolations": lambda model, x: plots.interpolations(model, x, x),
}
WRONG = {
    "pixels": (lambda x: (255 * x).astype(np.uint8), r"^images range from 0 to 255; the likelihoo"),
    "nan": (lambda x: x + np.nan, r"^images hold NaN or infinite values: 4 of 4 images, first num"),
    "shape": (lambda x: x[:, :3], r"^images have shape \[3, 4, 1\]; the networks need \[4, 4, 1\]"),
}


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("wrong", WRONG)
def test_data_are_refused_wherever_they_come_in(tiny_model, images, entry, wrong):
    change, message = WRONG[wrong]
    with pytest.raises(ValueError, match=message):
        ENTRIES[entry](tiny_model(), change(images[:4]))


def test_modalities_are_refused_by_name(images):
    x = {"image": images[:4], "label": np.eye(4, dtype=np.float32)}
    model = tfvae.MVAE.for_data(x, latents=2)
    pixels = {"image": 255 * images[:4]}
    for entry in (
        model.encode,
        model,
        lambda x: model.encode_sample(x, SEEDS),
        lambda x: model.translate(x, "label"),
        lambda x: model.translate(x, "label", seed=0),
    ):
        with pytest.raises(ValueError, match=r"^modality 'image': images range from 0 to 255"):
            entry(pixels)
    nothing = {"image": images[:4] + np.nan, "present": {"image": np.zeros(4, bool)}}
    np.testing.assert_array_equal(model.encode(nothing).mean(), np.zeros([4, 2]))  # the prior's


@pytest.mark.parametrize("seed", [None, 0.5, "0", 2**70])
def test_seeds_are_whole_numbers_of_64_bits(tiny_model, images, seed):
    model = tiny_model()
    for use in (
        lambda: model.sample(2, seed=seed),
        lambda: model.elbo(images, seed=seed),
        lambda: model.compile(seed=seed),
        lambda: tfvae.data.Arrays(images).batches(4, seed=seed),
    ):
        with pytest.raises(ValueError, match=r"^seed is .*; it must be (a whole number|from -2)"):
            use()
    for use in (lambda: model.encode_sample(images, 0), lambda: model.sample_latent(None)):
        with pytest.raises(ValueError, match=r"^seeds is .*; it must be int64 \[B, 2\], one row"):
            use()


def test_numbers_of_samples_are_whole_and_not_negative(tiny_model):
    model = tiny_model()
    assert model.sample(np.int64(0)).shape == (0, 4, 4, 1)
    with pytest.raises(ValueError, match=r"^num_samples is -1; it must be at least 0"):
        model.sample(-1)
    with pytest.raises(ValueError, match=r"^num_samples is 2.5; it must be a whole number"):
        model.sample(2.5)
    with pytest.raises(ValueError, match=r"^num_samples is 0; it must be at least 1"):
        plots.samples(model, 0)
    with pytest.raises(ValueError, match=r"^n is -1; it must be at least 0"):
        tfvae.data.Shapes2D().sample_factors(-1, seed=0)


@pytest.mark.parametrize("floats", ["float16", "bfloat16"])
def test_weights_and_sums_of_16_bits_are_refused_before_training(images, floats):
    keras.config.set_floatx(floats)
    try:
        model = tfvae.VAE.for_data(images, latents=2)
        with pytest.raises(ValueError, match=rf"floatx\(\) is '{floats}', in which weights lose"):
            model.compile()
    finally:
        keras.config.set_floatx("float32")
    model = tfvae.VAE.for_data(images, latents=2, dtype=floats)
    with pytest.raises(ValueError, match=f"^weight .*kernel is in {floats}, in which it loses"):
        model.compile()
    tfvae.VAE.for_data(images, latents=2, dtype=f"mixed_{floats}").compile()


def test_pixels_are_not_plotted_as_white():
    with pytest.raises(ValueError, match=r"^rows has whole numbers up to 255; .*: divide by 255"):
        plots.image_grid(np.full([1, 2, 4, 4, 1], 255, np.uint8))
