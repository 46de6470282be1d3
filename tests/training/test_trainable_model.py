import keras
import numpy as np
import pytest
import tensorflow as tf

import tfvae
from tfvae.training.checks import NonFiniteLossError


def weights_of(model):
    return np.concatenate([weight.numpy().ravel() for weight in model.trainable_weights])


def batches(images, size=4):
    return tf.data.Dataset.from_tensor_slices(images).batch(size)


def trained(model, data, optimizer="sgd", fit=None, **arguments):
    model.compile(keras.optimizers.get(optimizer), **arguments)
    model.fit(data, verbose=0, **(fit or {}))
    return model


def test_step_is_gradient_descent_on_the_mean_loss(tiny_model, images):
    model, copy = tiny_model(), tiny_model()
    model.compile(keras.optimizers.SGD(0.1), seed=5)
    copy.compile(keras.optimizers.SGD(0.1), seed=5)
    seeds = tfvae.noise.training_rows(5, tf.constant(0), tf.constant(0), tf.constant(16))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(copy.objective(images, seeds, training=True)["loss"])
    gradients = tape.gradient(loss, [weight.value for weight in copy.trainable_weights])
    expected = [w - 0.1 * g for w, g in zip(copy.trainable_weights, gradients, strict=True)]
    history = model.fit(images, batch_size=16, shuffle=False, verbose=0).history
    assert history["loss"] == [pytest.approx(float(loss), rel=1e-5)]
    for weight, value in zip(model.trainable_weights, expected, strict=True):
        np.testing.assert_allclose(weight, value, atol=1e-6)


def test_seed_decides_the_run(tiny_model, images):
    runs = [trained(tiny_model(), batches(images), seed=seed) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(weights_of(runs[0]), weights_of(runs[1]))
    assert (weights_of(runs[0]) != weights_of(runs[2])).any()


def test_arrays_and_labelled_data_train_alike(tiny_model, images):
    labels = np.arange(16)
    expected = weights_of(trained(tiny_model(), batches(images)))
    arrays = {"batch_size": 4, "shuffle": False}
    for data, fit in (
        (images, arrays),
        (images, {**arrays, "y": labels}),
        (batches((images, labels)), {}),
        (((batch,) for batch in np.split(images, 4)), {"steps_per_epoch": 4}),
    ):
        np.testing.assert_allclose(
            weights_of(trained(tiny_model(), data, fit=fit)), expected, rtol=1e-6
        )


@pytest.mark.parametrize("steps_per_execution", [2, 3, 4])
def test_steps_per_execution_changes_nothing(tiny_model, images, steps_per_execution):
    fit = {"validation_data": batches(images[:10]), "epochs": 2}
    one = tiny_model()
    other = tiny_model()
    histories = []
    for model, number in ((one, 1), (other, steps_per_execution)):
        model.compile(keras.optimizers.SGD(0.1), steps_per_execution=number)
        # 12 batches: 2, 3 and 4 divide; 5 batches of evaluation: none does.
        data = batches(np.tile(images, (3, 1, 1, 1)))
        fit["validation_data"] = batches(images[:10], 2)
        histories.append(model.fit(data, verbose=0, **fit).history)
    np.testing.assert_array_equal(weights_of(one), weights_of(other))
    assert histories[0].keys() == histories[1].keys() >= {"loss", "val_loss", "val_kl"}
    for name, values in histories[0].items():
        np.testing.assert_allclose(histories[1][name], values, rtol=1e-5)
    expected = one.evaluate(fit["validation_data"], verbose=0, return_dict=True)
    assert histories[0]["val_loss"][-1] == pytest.approx(expected["loss"], rel=1e-6)
    for name, value in other.evaluate(fit["validation_data"], verbose=0, return_dict=True).items():
        assert value == pytest.approx(expected[name], rel=1e-6)


def test_evaluation_is_the_mean_over_examples_and_repeats(tiny_model, images):
    model = tiny_model()
    model.compile("sgd", seed=3)
    first = model.evaluate(batches(images, 5), verbose=0, return_dict=True)  # 5, 5, 5, 1
    elbos = []
    for number, batch in enumerate(batches(images, 5)):
        seeds = tfvae.noise.training_rows(3, tf.constant(number), tf.constant(0), len(batch))
        seeds = tfvae.noise.fold_in(seeds, "evaluation")
        elbos += model.objective(batch, seeds, training=False)["elbo"].numpy().tolist()
    assert first["elbo"] == pytest.approx(np.mean(elbos), rel=1e-5)
    assert model.evaluate(batches(images, 5), verbose=0, return_dict=True) == first


def test_compiled_by_xla_agrees_to_rounding(tiny_model, images):
    fit = {"validation_data": batches(images)}
    plain, xla = (
        trained(tiny_model(), batches(images), fit=fit, jit_compile=jit) for jit in (False, True)
    )
    np.testing.assert_allclose(weights_of(xla), weights_of(plain), rtol=1e-4, atol=1e-5)


def test_eager_run_agrees(tiny_model, images):
    plain, eager = (trained(tiny_model(), batches(images), run_eagerly=e) for e in (False, True))
    np.testing.assert_allclose(weights_of(eager), weights_of(plain), rtol=1e-5, atol=1e-6)


def test_regularisers_count_once_a_step(tiny_model, images):
    def make(**regularisers):
        encoder = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(4, **regularisers)])
        encoder.build((None, 4, 4, 1))
        encoder.layers[1].kernel.assign(np.random.default_rng(0).normal(size=(16, 4)))
        decoder = tfvae.networks.DenseDecoder((4, 4, 1), hidden=())
        decoder.build((None, 2))
        decoder.layers[0].kernel.assign(np.random.default_rng(1).normal(size=(2, 16)))
        return tfvae.VAE(encoder, decoder, tfvae.heads.DiagonalNormal(2), tfvae.heads.Bernoulli())

    def step(model, x):
        model.compile(keras.optimizers.SGD(0.1))
        before = weights_of(model)
        model.fit(x, batch_size=16, shuffle=False, verbose=0)
        return weights_of(model) - before

    plain = step(make(), images)
    kernel = make().encoder.layers[1].kernel.numpy().ravel()
    decayed = step(make(kernel_regularizer=keras.regularizers.L2(0.5)), images)
    difference = (decayed - plain)[: kernel.size]
    np.testing.assert_allclose(difference, -0.1 * 2 * 0.5 * kernel, atol=1e-5)
    # An activity loss belongs to its own call; earlier and other traces have no effect.
    activity = {"activity_regularizer": keras.regularizers.L2(0.5)}
    fresh, used = make(**activity), make(**activity)
    used.elbo(images)
    used.compile("sgd")
    used.evaluate(images, verbose=0)
    used.fit(batches(images, 12), verbose=0)  # 12 and 4 rows: two traces
    used.set_weights(fresh.get_weights())
    moved = step(fresh, images)
    assert np.abs(moved - plain).max() > 1e-3
    np.testing.assert_allclose(step(used, images), moved, atol=1e-6)


@pytest.mark.parametrize("clip", [{"clipnorm": 0.01}, {"global_clipnorm": 0.01}])
def test_gradients_are_clipped_when_the_optimizer_asks(tiny_model, images, clip):
    model = tiny_model()
    model.compile(keras.optimizers.SGD(1.0, **clip))
    before = [weight.numpy() for weight in model.trainable_weights]
    model.fit(images, batch_size=16, verbose=0)
    after = [weight.numpy() for weight in model.trainable_weights]
    norms = [np.linalg.norm(b - a) for a, b in zip(after, before, strict=True)]
    longest = max(norms) if "clipnorm" in clip else np.linalg.norm(norms)
    assert longest == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize(
    "arguments",
    [{}, {"jit_compile": True}, {"steps_per_execution": 4}, {"run_eagerly": True}],
)
def test_non_finite_loss_names_the_step_and_the_terms(tiny_model, images, arguments):
    # Unbounded activations and a huge learning rate: the second step sees ruined weights.
    model = tiny_model(activation="relu", likelihood=tfvae.heads.Normal(1e-3))
    model.compile(keras.optimizers.SGD(1e30), **arguments)
    message = r"not finite at step 1: loss, elbo, reconstruction, kl broke. Look for NaN"
    with pytest.raises(NonFiniteLossError, match=message):
        model.fit(batches(images), verbose=0)


def test_model_must_be_built_before_it_is_compiled():
    class Unbuilt(tfvae.training.trainable_model.TrainableModel):
        pass

    with pytest.raises(ValueError, match="is not built: give networks of known input shape"):
        Unbuilt().compile()


def test_terms_must_have_their_names(tiny_model, images):
    class Misnamed(tfvae.VAE):
        def objective(self, x, seeds, training):
            terms = super().objective(x, seeds, training)
            return {"loss": terms["loss"]}

    model = tiny_model(Misnamed)
    model.compile()
    with pytest.raises(ValueError, match=r"objective returned \('loss',\); its term_names are"):
        model.fit(images, verbose=0)
