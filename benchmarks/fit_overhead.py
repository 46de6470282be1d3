"""Steps per second of `fit` and of a hand-written compiled step with the same networks.

The bare step is written for this model alone: a `tf.function` that loops over the same `tf.data`
input for as many steps per call as `fit`, `tf.random.normal` for the noise, the bound in six lines,
`keras.optimizers.Adam`; no metrics and no checks. Both take turns in one process, block by block;
blocks are dropped if the machine was busy.

Run: python -m benchmarks.fit_overhead
"""

import os
import time
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from absl import app, flags

import tfvae
from benchmarks import measurement
from tfvae.training import jit

_PAIRS = flags.DEFINE_integer("pairs", 60, "Pairs of blocks for each model.", lower_bound=3)
_MODELS = flags.DEFINE_multi_enum(
    "model", ["convolutional", "dense"], ["convolutional", "dense"], "Models to measure."
)
_WARM_UP = 3  # warm-up pairs


class Case(NamedTuple):
    """A model to measure.

    Attributes:
        data: the training data.
        latents: number of latent dimensions.
        batch_size: batch size.
        steps: steps per block.
        networks: creates an encoder and a decoder.
        goal: minimum ratio to the bare step's rate.
    """

    data: tfvae.data.Dataset
    latents: int
    batch_size: int
    steps: int
    networks: Callable[[], tuple[keras.Model, keras.Model]]
    goal: float


def convolutional() -> Case:
    """The 64x64 networks of Kim & Mnih 2018 on 2D Shapes."""

    def networks():
        return tfvae.networks.ConvEncoder(20), tfvae.networks.ConvDecoder((64, 64, 1))

    return Case(tfvae.data.Shapes2D(), 10, 64, 20, networks, 0.97)


def dense() -> Case:
    """The one-layer networks of Burda et al. 2016 on MNIST.

    The images are not binarised: that takes longer than the step, and waiting for input would hide
    the overhead.
    """

    def networks():
        style = {"hidden": (200, 200), "activation": "tanh"}
        encoder = tfvae.networks.DenseEncoder(100, **style)
        return encoder, tfvae.networks.DenseDecoder((28, 28, 1), **style)

    return Case(tfvae.data.MNIST(), 50, 100, 100, networks, 0.85)


def bare_block(case: Case):
    """Returns a function that runs a block of hand-written steps."""
    encoder, decoder = case.networks()
    encoder.build((None, *case.data.image_shape))
    decoder.build((None, case.latents))
    variables = encoder.trainable_variables + decoder.trainable_variables
    optimizer = keras.optimizers.Adam(1e-4)
    optimizer.build(variables)

    def step(x):
        with tf.GradientTape() as tape:
            mean, log_variance = tf.split(encoder(x, training=True), 2, axis=-1)
            z = mean + tf.exp(0.5 * log_variance) * tf.random.normal(tf.shape(mean))
            logits = decoder(z, training=True)
            log_prob = x * logits - tf.math.softplus(logits)  # the fastest form
            kl = 0.5 * tf.reduce_sum(mean**2 + tf.exp(log_variance) - 1 - log_variance, axis=1)
            loss = tf.reduce_mean(kl - tf.reduce_sum(log_prob, axis=[1, 2, 3]))
        values = [variable.value for variable in variables]
        optimizer.apply(tape.gradient(loss, values), variables)
        return loss

    @tf.function
    def steps(iterator, count):
        loss = 0.0
        for _ in tf.range(count):
            loss = step(next(iterator))
        return loss

    iterator = iter(case.data.batches(case.batch_size, seed=0))
    count = tf.constant(jit.MAX_STEPS_WITHOUT_XLA)

    def block():
        for _ in range(case.steps // jit.MAX_STEPS_WITHOUT_XLA):
            loss = steps(iterator, count)
        float(loss)  # waits for it

    return block


class TakeTurns(keras.callbacks.Callback):
    """Times blocks of `fit`'s steps, with a block of bare steps after each.

    Args:
        block: runs a block of bare steps.
        executions: calls of `fit`'s compiled loop per block.
    """

    def __init__(self, block, executions: int):
        super().__init__()
        self._block = block
        self._executions = executions
        self._done = 0
        self._others = measurement.Others([os.getpid()])
        self.seconds = {"fit": [], "bare": []}
        self.busy = []

    def on_train_begin(self, logs=None):
        """Starts the clock."""
        self._start = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        """Stops the clock and times a bare block."""
        self._done += 1
        if self._done % self._executions:
            return
        fit_end = time.perf_counter()
        self._block()
        self.seconds["fit"].append(fit_end - self._start)
        self._start = time.perf_counter()
        self.seconds["bare"].append(self._start - fit_end)
        self.busy.append(self._others.share())


def measure(case: Case, pairs: int) -> dict:
    """Returns the rates of both sides and the ratios of the pairs."""
    encoder, decoder = case.networks()
    encoder.build((None, *case.data.image_shape))
    posterior = tfvae.heads.DiagonalNormal(case.latents)
    model = tfvae.VAE(encoder, decoder, posterior, tfvae.heads.Bernoulli())
    model.compile(
        keras.optimizers.Adam(1e-4), seed=0, steps_per_execution=jit.MAX_STEPS_WITHOUT_XLA
    )
    turns = TakeTurns(bare_block(case), case.steps // jit.MAX_STEPS_WITHOUT_XLA)
    model.fit(
        case.data.batches(case.batch_size, seed=0),
        steps_per_epoch=case.steps * (_WARM_UP + pairs),
        callbacks=[turns],
        verbose=0,
    )
    quiet = np.array(turns.busy[_WARM_UP:]) < measurement.QUIET
    measurement.require_quiet(np.sum(quiet), pairs)
    seconds = {side: np.array(times[_WARM_UP:])[quiet] for side, times in turns.seconds.items()}
    ratio = measurement.ratio(seconds["bare"], seconds["fit"])
    return {
        "batch_size": case.batch_size,
        "pairs": int(np.sum(quiet)),
        "pairs_left_out": int(np.sum(~quiet)),
        "steps_of_a_block": case.steps,
        **{
            f"{side}_steps_per_second": round(float(case.steps / np.median(times)), 1)
            for side, times in seconds.items()
        },
        "ratio": ratio,
        "goal": case.goal,
        "met": bool(ratio["median"] >= case.goal),
    }


def main(argv) -> None:
    del argv
    result = {"machine": measurement.machine()}
    for name in _MODELS.value:
        case = {"convolutional": convolutional, "dense": dense}[name]()
        result[name] = measured = measure(case, _PAIRS.value)
        print(
            f"{name:14} fit {measured['fit_steps_per_second']:8,.1f} steps/s, bare "
            f"{measured['bare_steps_per_second']:8,.1f}; ratio {measured['ratio']['median']:.3f} "
            f"(quartiles {measured['ratio']['quartiles']}; goal {case.goal})",
            flush=True,
        )
    measurement.save("fit_overhead", result)


if __name__ == "__main__":
    app.run(main)
