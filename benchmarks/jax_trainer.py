"""The side of JAX and optax in the comparisons of small models: a hand-written step, scanned.

What one would write for this one model alone: all images on the device as bytes, an epoch as calls
of one program of 100 steps, `jax.random` for the noise, optax's Adam. For each line on stdin, runs
one epoch and writes its seconds to stdout; exits when stdin closes. Needs jax and optax.
"""

import argparse
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax

STEPS_PER_PROGRAM = 100
PIXELS, HIDDEN = 784, 200


def dense(key, inputs: int, outputs: int) -> dict:
    bound = (6.0 / (inputs + outputs)) ** 0.5
    kernel = jax.random.uniform(key, (inputs, outputs), minval=-bound, maxval=bound)
    return {"kernel": kernel, "bias": jnp.zeros(outputs)}


def network(key, sizes) -> list[dict]:
    keys = jax.random.split(key, len(sizes) - 1)
    return [dense(k, a, b) for k, a, b in zip(keys, sizes[:-1], sizes[1:], strict=True)]


def apply(layers, x):
    *hidden, last = layers
    for layer in hidden:
        x = jnp.tanh(x @ layer["kernel"] + layer["bias"])
    return x @ last["kernel"] + last["bias"]


def negative_bound(weights, x, key, num_samples: int):
    """The importance-weighted bound, Burda et al. 2016 (arXiv:1509.00519), equation 8."""
    loc, raw = jnp.split(apply(weights["encoder"], x), 2, axis=-1)
    scale = jax.nn.softplus(raw)
    noise = jax.random.normal(key, (num_samples, *loc.shape))
    z = loc + scale * noise
    logits = apply(weights["decoder"], z)
    log_px = jnp.sum(x * logits - jax.nn.softplus(logits), axis=-1)
    log_pz = -0.5 * jnp.sum(z**2, axis=-1)  # without the constant that q has too
    log_qz = -jnp.sum(0.5 * noise**2 + jnp.log(scale), axis=-1)
    log_w = log_px + log_pz - log_qz
    return -jnp.mean(jax.nn.logsumexp(log_w, axis=0) - jnp.log(num_samples))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", required=True, help="a .npy of images [N, H, W, 1]")
    parser.add_argument("--batch_size", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True, help="steps of an epoch")
    parser.add_argument("--latents", type=int, required=True)
    parser.add_argument("--num_samples", type=int, required=True)
    arguments = parser.parse_args()
    images = jnp.asarray(np.load(arguments.images).astype(np.uint8).reshape(-1, PIXELS))
    latents = arguments.latents
    keys = jax.random.split(jax.random.key(0), 2)
    weights = {
        "encoder": network(keys[0], (PIXELS, HIDDEN, HIDDEN, 2 * latents)),
        "decoder": network(keys[1], (latents, HIDDEN, HIDDEN, PIXELS)),
    }
    optimizer = optax.adam(1e-4)
    number = sum(leaf.size for leaf in jax.tree.leaves(weights))
    print(f"weights {number}", flush=True)

    def step(state, rows_and_key):
        weights, moments = state
        rows, key = rows_and_key
        x = images[rows].astype(jnp.float32)
        loss, gradient = jax.value_and_grad(negative_bound)(weights, x, key, arguments.num_samples)
        updates, moments = optimizer.update(gradient, moments)
        return (optax.apply_updates(weights, updates), moments), loss

    @jax.jit
    def program(state, key):
        order, noise = jax.random.split(key)
        shape = (STEPS_PER_PROGRAM, arguments.batch_size)
        rows = jax.random.choice(order, len(images), shape)
        return jax.lax.scan(step, state, (rows, jax.random.split(noise, STEPS_PER_PROGRAM)))

    state, key = (weights, optimizer.init(weights)), jax.random.key(1)
    while sys.stdin.readline():
        start = time.perf_counter()
        for _ in range(arguments.steps // STEPS_PER_PROGRAM):
            key, own = jax.random.split(key)
            state, losses = program(state, own)
        jax.block_until_ready(losses)
        print(f"seconds {time.perf_counter() - start}", flush=True)


if __name__ == "__main__":
    main()
