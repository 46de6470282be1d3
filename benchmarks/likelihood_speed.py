"""Time of the test likelihood of MNIST: 10,000 digits with 5,000 samples, 50 million latents.

The network is the one-layer network of Burda et al. (200-200 tanh, z = 50) with random weights,
which do not affect the time. The lower bound is the decoder's three matrix products alone, with the
same chunks. The goal is elapsed seconds, which count if other processes kept less than 5% of the
cores busy; processor seconds divided by the cores estimate the time of an idle machine.

Run: python -m benchmarks.likelihood_speed --digits=10000
"""

import itertools
import os
import time

import numpy as np
import tensorflow as tf
from absl import app, flags

import tfvae
from benchmarks import measurement
from tfvae.evaluation import likelihood

_DIGITS = flags.DEFINE_integer("digits", 10_000, "Digits to evaluate; time is scaled to 10,000.")
_SAMPLES = 5000
_GOAL_SECONDS = 300.0
_ALL = 10_000
_SIZES = (50, 200, 200, 784)  # of the decoder's layers


def model() -> tfvae.VAE:
    posterior, bernoulli = tfvae.heads.DiagonalNormal(50), tfvae.heads.Bernoulli()
    hidden = (200, 200)
    return tfvae.VAE(
        encoder=tfvae.networks.DenseEncoder(posterior.params_size, hidden, "tanh"),
        decoder=tfvae.networks.DenseDecoder((28, 28, 1), bernoulli.params_size, hidden, "tanh"),
        posterior=posterior,
        likelihood=bernoulli,
    )


def measured(function) -> dict[str, float]:
    """Returns elapsed and processor seconds of `function`, and the load of other processes."""
    others = measurement.Others([os.getpid()])
    elapsed, processor = time.perf_counter(), time.process_time()
    function()
    return {
        "elapsed": time.perf_counter() - elapsed,
        "processor": time.process_time() - processor,
        "others": others.share(),
    }


def bare_products(rows: int, chunk: int):
    """Computes the decoder's matrix products for all samples of `rows` digits, in chunks."""
    kernels = [tf.random.normal(shape) for shape in itertools.pairwise(_SIZES)]

    @tf.function
    def products(z):
        for kernel in kernels:
            z = tf.matmul(z, kernel)
        return z[0, 0]

    z = tf.random.normal([rows * chunk, _SIZES[0]])
    products(z)

    def run():
        for _ in range(-(-_SAMPLES // chunk)):
            products(z)

    return run


def main(argv) -> None:
    del argv
    digits = _DIGITS.value
    x = (np.random.default_rng(0).uniform(size=(digits, 28, 28, 1)) < 0.13).astype(np.float32)
    vae = model()
    one_sample = likelihood.bytes_per_sample(vae, x)
    rows, chunk = likelihood.chunk_shape(digits, _SAMPLES, one_sample, likelihood.MEMORY_BUDGET)
    tfvae.evaluation.log_likelihood(vae, x[:rows], _SAMPLES)  # compiled
    taken = measured(lambda: tfvae.evaluation.log_likelihood(vae, x, _SAMPLES))
    bare = measured(bare_products(rows, chunk))
    cores = measurement.machine()["cores"]
    scale = _ALL / digits
    operations = 2 * sum(a * b for a, b in itertools.pairwise(_SIZES))
    result = {
        "machine": measurement.machine(),
        "digits": digits,
        "samples": _SAMPLES,
        "chunk": {"digits": rows, "samples": chunk},
        "seconds": round(taken["elapsed"] * scale, 1),
        "processor_seconds_per_core": round(taken["processor"] / cores * scale, 1),
        "busy_with_others": round(taken["others"], 3),
        "bare_products_seconds_per_core": round(bare["processor"] / cores * _ALL / rows, 1),
        "bare_gflops_per_core": round(operations * rows * _SAMPLES / bare["processor"] / 1e9, 1),
        "goal_seconds": _GOAL_SECONDS,
    }
    result["met"] = result["seconds"] <= _GOAL_SECONDS
    for name in (
        "seconds",
        "processor_seconds_per_core",
        "bare_products_seconds_per_core",
        "bare_gflops_per_core",
        "busy_with_others",
    ):
        print(f"{name:32} {result[name]}")
    measurement.save("likelihood_speed", result)


if __name__ == "__main__":
    app.run(main)
