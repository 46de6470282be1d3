"""Importance-weighted log-likelihoods, in chunks that fit a memory budget."""

import math

import keras
import tensorflow as tf

from tfvae import noise
from tfvae.arguments import require_at_least
from tfvae.batch import as_tensors, num_rows, take
from tfvae.estimators import accumulate_log_sum_exp
from tfvae.evaluation import checks, replicas
from tfvae.evaluation.normalisation import require_normalised_prior

# Bytes of one chunk's tensors. Larger chunks do not fit the processor's caches, and glibc maps
# allocations above 32 MiB each time: 256 MiB was never faster, and up to 1.7 times slower in one
# thread.
MEMORY_BUDGET = 64 * 2**20
# Tensors alive at once: of the data's shape (parameters, log-probabilities and intermediates), of
# a hidden layer's outputs, and of the noise generator's words.
_DENSITIES_ALIVE, _ACTIVATIONS_ALIVE, _WORDS_ALIVE = 4, 2, 4
# At most so many examples per chunk, and at least so many samples of each if they fit: with more
# samples per chunk, an example is encoded less often.
_ROWS_PER_CHUNK, _SAMPLES_PER_CHUNK = 100, 8
_XLA_SHARE = 0.4  # of the memory budget


def bytes_per_sample(model, x) -> int:
    """Returns an estimate of the bytes that one sample of one example takes.

    Args:
        model: a model.
        x: data, [B, ...], or a dictionary of such.
    """
    densities = [math.prod(values.shape[1:]) for values in tf.nest.flatten(x)]
    # The density of a mixture needs a tensor of all components, which may be larger than the data.
    densities.append(math.prod(getattr(model.prior, "density_shape", ())))
    parts = model.modalities_by_name().values()
    decoders = [part.decoder for part in parts if hasattr(part, "decoder")]  # a label has none
    layers = [layer for decoder in decoders for layer in decoder._flatten_layers()]
    outputs = [getattr(layer, "output", None) for layer in layers]  # a user's layer may have none
    activations = [math.prod(o.shape[1:]) for o in outputs if isinstance(o, keras.KerasTensor)]
    words = noise.words_per_row(math.prod(model.latent_shape))
    return max(
        4 * _DENSITIES_ALIVE * max(densities),
        4 * _ACTIVATIONS_ALIVE * max(activations, default=0),
        8 * _WORDS_ALIVE * words,
    )


def chunk_shape(
    rows: int, num_samples: int, one_sample: int, memory_budget: int
) -> tuple[int, int]:
    """Returns how many examples, and samples of each, fit `memory_budget` bytes.

    Args:
        rows: examples.
        num_samples: samples of each.
        one_sample: bytes that one sample takes.
        memory_budget: bytes.

    Raises:
        ValueError: if not even one sample of one example fits.
    """
    if memory_budget < one_sample:
        raise ValueError(
            f"memory_budget is {memory_budget} bytes; one sample of one example needs "
            f"{one_sample}: raise it to that at least"
        )
    fitting = memory_budget // one_sample
    rows = max(1, min(rows, _ROWS_PER_CHUNK, fitting // min(num_samples, _SAMPLES_PER_CHUNK)))
    chunks = -(-num_samples // (fitting // rows))
    return rows, -(-num_samples // chunks)  # chunks of one size, with few samples to discard


def log_likelihood_graph(model, x: tf.Tensor, seeds: tf.Tensor, num_samples: int, chunk: int):
    """Returns log (1/k) sum_i w_i, [B], adding up `chunk` samples at a time (graph code)."""

    def body(first, log_sum):
        log_weights = model.log_weights(x, seeds, chunk, first)
        sample = tf.range(chunk, dtype=tf.int64)[:, None] + first
        # The last chunk is as long as the others; the weights of its surplus samples are 0.
        log_weights = tf.where(sample < num_samples, log_weights, -math.inf)
        return first + chunk, accumulate_log_sum_exp(log_sum, log_weights)

    start = (tf.constant(0, tf.int64), tf.fill(tf.shape(seeds)[:1], -math.inf))
    _, log_sum = tf.while_loop(
        lambda first, _: first < num_samples,
        body,
        start,
        parallel_iterations=1,
        shape_invariants=(tf.TensorShape([]), tf.TensorShape([None])),
    )
    return log_sum - math.log(num_samples)


def log_likelihood(
    model,
    x: tf.Tensor,
    num_samples: int = 5000,
    seed: noise.Seed = 0,
    memory_budget: int = MEMORY_BUDGET,
    progress: bool = False,
    jit_compile: bool = False,
) -> tf.Tensor:
    """Returns the importance-weighted estimate of log p(x), [B], nats.

    log (1/k) sum_i p(x, z_i) / q(z_i|x), z_i ~ q(z|x): Burda et al. 2016 (arXiv:1509.00519),
    equation 8. A lower bound in expectation that rises with k. Examples and samples are computed
    in chunks, and examples are distributed over the replicas of the strategy that the model was
    created under; neither changes the samples.

    Args:
        model: a model with `log_weights`.
        x: data, [B, ...], or a dictionary of such.
        num_samples: k.
        seed: an int, or one row per example [B, 2].
        memory_budget: bytes that one chunk's tensors may take, on each replica.
        progress: whether to show a progress bar.
        jit_compile: whether XLA compiles a chunk (one device only): faster for dense networks,
            slower for convolutions on CPUs.

    Raises:
        ValueError: if k is below 1, the data do not suit the model, the budget is below one sample,
            the likelihood or prior has no density, the prior's density does not integrate to 1, or
            weights are NaN (the message names the example).
    """
    require_at_least(1, num_samples=num_samples)
    checks.require_densities(model)
    require_normalised_prior(model)
    return importance_weighted(model, x, num_samples, seed, memory_budget, progress, jit_compile)


def importance_weighted(
    model,
    x,
    num_samples: int,
    seed: noise.Seed,
    memory_budget: int,
    progress: bool = False,
    jit_compile: bool = False,
) -> tf.Tensor:
    """Returns the same as `log_likelihood`, [B], without checking the model's densities."""
    x = as_tensors(x)
    model.check_data(x)
    size = num_rows(x)
    seeds = noise.seed_rows(seed, size)
    one_sample = bytes_per_sample(model, x)
    if jit_compile:  # smaller chunks are faster there, but one sample must fit
        memory_budget = max(min(memory_budget, one_sample), int(_XLA_SHARE * memory_budget))
    rows, chunk = chunk_shape(size, num_samples, one_sample, memory_budget)
    strategy = replicas.strategy_of(model)
    estimate = replicas.compiled(
        model,
        ("log_likelihood", num_samples, chunk),
        lambda x, seeds: log_likelihood_graph(model, x, seeds, num_samples, chunk),
        jit_compile,
    )
    bar = keras.utils.Progbar(size, verbose=int(progress), unit_name="example")
    values = [tf.zeros([0])]
    at_once = rows * strategy.num_replicas_in_sync
    for first in range(0, size, at_once):
        part = slice(first, min(first + at_once, size))
        shared = [replicas.share_out(strategy, take(rows, part)) for rows in (x, seeds)]
        value = replicas.collect(strategy, estimate(*shared), part.stop - part.start)
        checks.check_not_nan("importance weights", value, first)
        values.append(value)
        bar.add(value.shape[0])
    return tf.concat(values, axis=0)
