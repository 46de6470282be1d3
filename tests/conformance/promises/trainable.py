"""The promises of a model that `fit` trains."""

from collections.abc import Sequence

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.conformance import many_devices
from tests.conformance.entries import FEW, Entry, in_every_run, rows
from tests.conformance.subject import HALF, LAST, WHOLE, set_state, state
from tfvae import noise
from tfvae.training.checkpoints import Checkpoints


class TrainablePromises:
    """Promises of a `TrainableModel`."""

    entries: Sequence[Entry]
    per_example: Sequence[str] = ("loss",)  # terms that every model has

    def progress(self, terms):
        """Returns the quantity that training increases, given the mean of every term by name."""
        return -terms["loss"]

    def test_terms_and_gradients_are_finite(self, subject):
        model = subject.untrained
        x = rows(subject.entry.with_gaps, range(16))
        with tf.GradientTape() as tape:
            terms = model.objective(x, noise.seed_rows(0, 16), training=True)
            loss = tf.reduce_mean(terms["loss"])
        assert tuple(terms) == model.term_names
        assert all(terms[name].shape == (16,) for name in self.per_example)
        assert all(np.isfinite(term).all() for term in terms.values())
        for gradient in tape.gradient(loss, model.trainable_variables):
            assert np.isfinite(gradient).all()

    @in_every_run(*FEW)
    def test_training_makes_progress(self, subject):
        before, after = (
            subject.at(step).evaluate(subject.entry.x, batch_size=32, verbose=0, return_dict=True)
            for step in (1, LAST)
        )
        assert self.progress(after) > self.progress(before) + 5

    @in_every_run(*FEW)
    def test_resumed_equals_uninterrupted(self, subject):
        resumed = subject.second()
        assert Checkpoints(resumed, subject.checkpoints).restore() == HALF
        subject.go_on(resumed, WHOLE - HALF)
        subject.require_same(state(resumed), subject.states[WHOLE])

    @in_every_run(*FEW)
    def test_seeds_reproduce(self, subject):
        again = subject.go_on(subject.second(), 3)
        subject.require_same(state(again), subject.states[3])
        # Another seed needs a new trace; two eager steps are cheaper.
        model, ends = subject.compiled(run_eagerly=True), []
        initial = state(model)
        for seed in (0, 1):
            set_state(model, initial)
            model.seed = seed
            ends.append(np.concatenate([np.ravel(v) for v in state(subject.go_on(model, 2))]))
        assert not np.allclose(*ends)

    @in_every_run(*FEW)
    def test_keras_file_goes_on_training_the_same(self, subject):
        model = subject.at(HALF)
        loaded = keras.saving.load_model(subject.file)
        subject.require_same(state(loaded), state(model))
        assert loaded.get_compile_config() == model.get_compile_config()
        assert int(loaded.step) == HALF
        x, seeds = rows(subject.entry.x, range(4)), noise.seed_rows(0, 4)
        for left, right in zip(
            *(m.objective(x, seeds, training=False).values() for m in (loaded, model)), strict=True
        ):
            assert np.array_equal(left, right)
        subject.go_on(loaded, WHOLE - HALF)
        subject.require_same(state(loaded), subject.states[WHOLE])

    @in_every_run("VAE", "FactorVAE", "JMVAE")
    def test_two_replicas_equal_one_device(self, subject, mirrored):
        # Separate runs: under a strategy, and with SGD, since Adam amplifies rounding differences.
        # Moving averages of batch normalisation are among the weights.
        one = many_devices.on_one(subject.entry)
        two = many_devices.steps(subject.entry, mirrored)
        assert np.max(np.abs(two.weights - one.weights)) < 1e-5
        # The means are over all rows of both replicas.
        assert two.loss == pytest.approx(one.loss, rel=1e-5)

    @in_every_run(*FEW)
    def test_bfloat16_networks_train(self, subject):
        # A separate run, since the networks' precision differs.
        model = subject.bfloat16
        model.compile(keras.optimizers.Adam(3e-3), seed=0)
        history = model.fit(subject.entry.batches(), steps_per_epoch=10, epochs=15, verbose=0)
        means = [{name: v[i] for name, v in history.history.items()} for i in (0, -1)]
        assert self.progress(means[1]) > self.progress(means[0]) + 5
