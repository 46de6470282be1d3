"""tfvae's side of the comparisons with pythae.

For each line on stdin, runs one epoch of `fit` ("epoch") or a large matrix product ("matmul") and
writes the elapsed seconds to stdout; exits when stdin closes.
"""

import argparse
import sys
import time

import keras
import numpy as np
import tensorflow as tf

import tfvae
from tfvae.training import jit
from tfvae.training.raw_input import raw_input

MATRIX_SIZE = 3072


class OneEpochALine(keras.callbacks.Callback):
    """Starts each epoch at a line on stdin and writes its seconds."""

    def __init__(self):
        super().__init__()
        self._matrix = tf.random.normal([MATRIX_SIZE, MATRIX_SIZE])

    def on_epoch_begin(self, epoch, logs=None):
        """Waits."""
        while (line := sys.stdin.readline().strip()) == "matmul":
            start = time.perf_counter()
            float(tf.matmul(self._matrix, self._matrix)[0, 0])
            print(f"seconds {time.perf_counter() - start}", flush=True)
        if not line:
            sys.exit()
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Writes the seconds."""
        print(f"seconds {time.perf_counter() - self._start}", flush=True)


def floating_point_operations(encoder: keras.Model, decoder: keras.Model) -> int:
    """Returns the operations per example of one training step: forward, plus twice for backward.

    Counts products and sums of convolutions and dense layers; the first layer needs no gradient
    with respect to the images.
    """
    forward = []
    for layer in (*encoder.layers, *decoder.layers):
        if isinstance(layer, keras.layers.Conv2DTranspose):
            positions = np.prod(layer.input.shape[1:3])
        elif isinstance(layer, keras.layers.Conv2D):
            positions = np.prod(layer.output.shape[1:3])
        elif isinstance(layer, keras.layers.Dense):
            positions = 1
        else:
            continue
        forward.append(2 * int(positions * np.prod(layer.kernel.shape)))
    return 3 * sum(forward) - forward[0]


def make_model(arguments) -> tuple[tfvae.VAE, tfvae.data.Dataset]:
    """Creates the model selected by the arguments, and its data."""
    posterior = tfvae.heads.DiagonalNormal(arguments.latents)
    heads = {"posterior": posterior, "likelihood": tfvae.heads.Bernoulli()}
    dtype = arguments.dtype
    if arguments.model == "beta_vae":
        shapes = tfvae.data.Shapes2D()
        encoder = tfvae.networks.ConvEncoder(posterior.params_size, dtype=dtype)
        decoder = tfvae.networks.ConvDecoder(shapes.image_shape, dtype=dtype)
        return tfvae.BetaVAE(encoder, decoder, beta=arguments.beta, **heads), shapes
    images = tfvae.data.Arrays(arguments.images)
    hidden = {"hidden": (200, 200), "activation": "tanh", "dtype": dtype}
    encoder = tfvae.networks.DenseEncoder(posterior.params_size, **hidden)
    decoder = tfvae.networks.DenseDecoder(images.image_shape, **hidden)
    return tfvae.IWAE(encoder, decoder, num_samples=arguments.num_samples, **heads), images


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", choices=("beta_vae", "iwae"), required=True)
    parser.add_argument("--dtype", default="float32", help="Keras dtype policy of the networks")
    parser.add_argument("--images", help="a .npy of binary images, for iwae")
    parser.add_argument("--batch_size", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True, help="steps of an epoch")
    parser.add_argument("--latents", type=int, required=True)
    parser.add_argument("--beta", type=float)
    parser.add_argument("--num_samples", type=int)
    parser.add_argument("--jit", choices=("on", "off"), default="off")
    arguments = parser.parse_args()
    model, data = make_model(arguments)
    compiled = arguments.jit == "on"
    steps = jit.steps_per_execution(arguments.steps, 1.0 if compiled else None)
    model.compile(
        keras.optimizers.Adam(1e-4), seed=0, steps_per_execution=steps, jit_compile=compiled
    )
    batches = data.batches(arguments.batch_size, seed=0)
    print(f"weights {model.count_params()}", flush=True)
    print(f"operations {floating_point_operations(model.encoder, model.decoder)}", flush=True)
    model.fit(
        raw_input(data, arguments.batch_size, seed=0, steps=steps) if compiled else batches,
        steps_per_epoch=arguments.steps,
        epochs=1_000_000,
        callbacks=[OneEpochALine()],
        verbose=0,
    )


if __name__ == "__main__":
    main()
