import keras
import numpy as np
import pytest
import tensorflow as tf

import tfvae
from tfvae.networks import ConvDecoder, ConvEncoder, DenseDecoder, DenseEncoder

# By hand, kernel * inputs * outputs + outputs, layer by layer, for 64x64x1 images and 10 latents.
PUBLISHED = {
    "Kim & Mnih encoder": (
        lambda: ConvEncoder(20),
        (64, 64, 1),
        16 * 32 + 32  # 4x4 convolutions
        + 16 * 32 * 32 + 32
        + 16 * 32 * 64 + 64
        + 16 * 64 * 64 + 64
        + 1024 * 128 + 128
        + 128 * 20 + 20,
    ),
    "Kim & Mnih decoder": (
        lambda: ConvDecoder((64, 64, 1)),
        (10,),
        10 * 128 + 128
        + 128 * 1024 + 1024
        + 16 * 64 * 64 + 64
        + 16 * 64 * 32 + 32
        + 16 * 32 * 32 + 32
        + 16 * 32 + 1,
    ),
    "disentanglement_lib encoder": (
        lambda: ConvEncoder(20, kernel_sizes=(4, 4, 2, 2), hidden=256),
        (64, 64, 1),
        16 * 32 + 32
        + 16 * 32 * 32 + 32
        + 4 * 32 * 64 + 64  # 2x2 convolutions
        + 4 * 64 * 64 + 64
        + 1024 * 256 + 256
        + 256 * 20 + 20,
    ),
    "fully connected encoder": (
        lambda: DenseEncoder(20),
        (64, 64, 1),
        4096 * 1200 + 1200 + 1200 * 1200 + 1200 + 1200 * 20 + 20,
    ),
    "fully connected decoder": (
        lambda: DenseDecoder((64, 64, 1)),
        (10,),
        10 * 1200 + 1200 + 2 * (1200 * 1200 + 1200) + 1200 * 4096 + 4096,
    ),
    "Burda encoder": (
        lambda: DenseEncoder(100, hidden=(200, 200), activation="tanh"),
        (28, 28, 1),
        784 * 200 + 200 + 200 * 200 + 200 + 200 * 100 + 100,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_of_the_published_architectures(name):
    make, input_shape, parameters = PUBLISHED[name]
    network = make()
    network.build((None, *input_shape))
    assert network.count_params() == parameters


@pytest.mark.parametrize("shape", [(64, 64, 1), (16, 48, 3), (28, 28, 1), (100, 75, 2), (8, 9, 4)])
def test_shapes_of_images(shape):
    assert ConvEncoder(6)(tf.zeros([2, *shape])).shape == (2, 6)
    assert ConvDecoder(shape, outputs_per_value=2)(tf.zeros([2, 3])).shape == (
        2, shape[0], shape[1], 2 * shape[2],
    )  # fmt: skip
    assert DenseDecoder(shape, outputs_per_value=2)(tf.zeros([2, 3])).shape == (
        2, shape[0], shape[1], 2 * shape[2],
    )  # fmt: skip


@pytest.mark.parametrize(
    "make",
    [
        lambda hidden: ConvEncoder(6, hidden=hidden),
        lambda hidden: ConvDecoder((16, 16, 1), hidden=hidden),
        lambda hidden: DenseEncoder(6, hidden),
        lambda hidden: DenseDecoder((4,), hidden=hidden),
        tfvae.networks.Discriminator,
        lambda hidden: tfvae.networks.JointEncoder(6, {"x": DenseEncoder(3)}, hidden),
        lambda hidden: tfvae.networks.LadderEncoder((3,), (hidden,)),
        lambda hidden: tfvae.priors.FlowPrior(2, hidden=hidden),
    ],
)
def test_one_hidden_layer_may_be_a_number(make):
    assert make(5).get_config()["hidden"] == make((5,)).get_config()["hidden"]
    assert make([5, 7]).get_config()["hidden"] in ([5, 7], [[5, 7]])


def test_older_config_of_a_ladder_lists_the_bottom_layer_first():
    ladder = tfvae.networks.LadderEncoder((1, 2), ((3,), (4, 5)))
    older = {**ladder.get_config(), "outputs": [4, 2], "hidden": [[4, 5], [3]]}
    del older["sizes"]
    assert tfvae.networks.LadderEncoder.from_config(older).get_config() == ladder.get_config()
    assert ladder(np.zeros((2, 6), np.float32)).shape == (2, 6)


def test_decoder_crops_the_centre():
    whole, cropped = ConvDecoder((32, 32, 1)), ConvDecoder((28, 19, 1))
    latents = tf.ones([1, 3])
    whole(latents)
    cropped(latents)
    cropped.set_weights(whole.get_weights())
    np.testing.assert_array_equal(cropped(latents), whole(latents)[:, 2:30, 6:25])


def test_other_sizes_are_refused():
    with pytest.raises(ValueError, match=r"image shape is \(None, 7, 64, 1\).* at least 8: four"):
        ConvEncoder(6).build((None, 7, 64, 1))
    with pytest.raises(ValueError, match=r"image_shape is \(64, 7, 1\).* at least 8"):
        ConvDecoder((64, 7, 1))
    with pytest.raises(ValueError, match=r"image_shape is \(64, 64\); it must be \(H, W, C\)"):
        ConvDecoder((64, 64))


@pytest.mark.parametrize(
    ("network", "input_shape"),
    [
        (ConvEncoder(4, filters=(2, 2, 2, 2), hidden=3, activation="tanh"), (16, 16, 1)),
        (ConvDecoder((16, 16, 1), 2, filters=(2, 2, 2, 2), batch_normalization=True), (3,)),
        (ConvDecoder((9, 20, 1), 2, filters=(2, 2, 2, 2)), (3,)),
        (DenseEncoder(4, hidden=(5,), dtype="mixed_bfloat16"), (4, 4, 1)),
        (DenseDecoder((4, 4, 1), 2, hidden=(5,), activation="relu"), (3,)),
    ],
)
def test_saved_network_gives_the_same_outputs(network, input_shape, tmp_path):
    x = np.random.default_rng(0).normal(size=(2, *input_shape)).astype(np.float32)
    expected = network(x)
    network.save(tmp_path / "network.keras")
    copy = keras.models.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(copy(x), expected)
    assert copy.get_config() == network.get_config()


def test_batch_normalization_follows_the_batch_in_training_and_its_averages_after():
    network = DenseEncoder(2, hidden=(4,), batch_normalization=True)
    x = 5 + 3 * np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)
    network(x)
    layer = next(a for a in network.layers if isinstance(a, keras.layers.BatchNormalization))
    hidden = (x @ network.layers[1].kernel.numpy()).astype(np.float64)
    untrained = network(x).numpy()
    for _ in range(3):
        in_training = network(x, training=True).numpy()
    expected = hidden.mean(0) * (1 - layer.momentum**3)
    np.testing.assert_allclose(layer.moving_mean, expected, rtol=1e-3)
    evaluated = network(x).numpy()
    assert np.abs(evaluated - untrained).max() > 1e-3
    assert np.abs(evaluated - in_training).max() > 1e-3
    # A row's output depends on the rest of its batch in training only.
    np.testing.assert_allclose(network(x[:5]), evaluated[:5], rtol=1e-4, atol=1e-5)
    assert np.abs(network(x[:5], training=True).numpy() - in_training[:5]).max() > 1e-2


def test_batch_normalization_trains_inside_a_model(images):
    keras.utils.set_random_seed(0)
    posterior, likelihood = tfvae.heads.DiagonalNormal(2), tfvae.heads.Bernoulli()
    style = {"hidden": (8,), "batch_normalization": True}
    model = tfvae.VAE(
        DenseEncoder(4, **style), DenseDecoder((4, 4, 1), **style), posterior, likelihood
    )
    model.compile(keras.optimizers.Adam(1e-2))
    many = np.tile(images, (20, 1, 1, 1))
    first, last = model.fit(many, batch_size=16, epochs=2, verbose=0).history["loss"]
    assert last < 0.9 * first
    moving = [v for v in model.non_trainable_variables if "moving_mean" in v.path]
    assert len(moving) == 2
    assert all(np.abs(v.numpy()).max() > 0 for v in moving)


@pytest.mark.parametrize(
    "decoder",
    [DenseDecoder((4, 4, 2), hidden=(5,)), ConvDecoder((16, 16, 2), filters=(2, 2, 2, 2))],
)
def test_output_mean_sets_the_initial_outputs(decoder):
    shape = decoder.get_config().get("data_shape") or decoder.get_config()["image_shape"]
    mean = np.random.default_rng(0).uniform(size=shape)
    mean[..., 1] = 0.0
    decoder.build((None, 3))
    decoder.set_output_mean(mean)
    started = tf.sigmoid(decoder(tf.zeros([1, 3]))).numpy()[0]  # zero biases: hidden zero at 0
    if isinstance(decoder, ConvDecoder):  # a bias per channel
        mean = np.broadcast_to(mean.mean((0, 1)), shape)
    np.testing.assert_allclose(started, np.clip(mean, 1e-3, 1), atol=1e-5)


def test_output_mean_needs_one_logit_per_value():
    decoder = DenseDecoder((4, 4, 1), outputs_per_value=2, hidden=(5,))
    decoder.build((None, 3))
    with pytest.raises(ValueError, match="32 output biases for 1 means"):
        decoder.set_output_mean(np.zeros([4, 4, 1]))


def test_half_precision_networks_give_float32_distributions(images):
    model = tfvae.VAE(
        DenseEncoder(4, hidden=(8,), dtype="mixed_bfloat16"),
        DenseDecoder((4, 4, 1), hidden=(8,), dtype="mixed_bfloat16"),
        tfvae.heads.DiagonalNormal(2),
        tfvae.heads.Bernoulli(),
    )
    assert model.encoder(images).dtype == tf.bfloat16
    assert model.encode(images).mean().dtype == tf.float32
    assert model(images).dtype == tf.float32
    assert model.elbo(images).dtype == tf.float32
    assert all(weight.dtype == "float32" for weight in model.trainable_weights)
