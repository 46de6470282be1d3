"""Importance-weighted log-likelihoods, in chunks that fit a memory budget."""

import math

import keras
import tensorflow as tf

from tfvae import noise
from tfvae.arguments import require_at_least
from tfvae.batch import as_tensors, num_rows, take
from tfvae.estimators import accumulate_log_sum_exp
from tfvae.evaluation import checks, replicas

MEMORY_BUDGET = 256 * 2**20  # bytes of one chunk's tensors of the data's shape
# Tensors of the data's shape alive at once: parameters, log-probabilities and their parts.
_TENSORS_ALIVE = 4
# Examples of one chunk, at most. Its samples fill the rest of the budget: the more of them, the
# less often these examples are encoded.
_ROWS_PER_CHUNK = 100


def chunk_shape(
    rows: int, num_samples: int, density_shape: tuple[int, ...], memory_budget: int
) -> tuple[int, int]:
    """Returns how many examples, and samples of each, fit `memory_budget` bytes.

    Args:
        rows: examples.
        num_samples: samples of each.
        density_shape: of the largest tensor that the density of one sample takes.
        memory_budget: bytes.

    Raises:
        ValueError: where not even one sample of one example does.
    """
    one_sample = math.prod(density_shape) * 4 * _TENSORS_ALIVE
    if memory_budget < one_sample:
        raise ValueError(
            f"memory_budget is {memory_budget} bytes; one sample of one example needs "
            f"{one_sample}: raise it to that at least"
        )
    fitting = memory_budget // one_sample
    rows = max(1, min(rows, _ROWS_PER_CHUNK, fitting))
    chunks = -(-num_samples // (fitting // rows))
    return rows, -(-num_samples // chunks)  # chunks of one size, which draw few too many


def log_likelihood_graph(model, x: tf.Tensor, seeds: tf.Tensor, num_samples: int, chunk: int):
    """Returns log (1/k) sum_i w_i, [B], adding up `chunk` samples at a time (graph code)."""

    def body(first, log_sum):
        log_weights = model.log_weights(x, seeds, chunk, first)
        sample = tf.range(chunk, dtype=tf.int64)[:, None] + first
        # The last chunk is as long as the others; what it draws too many weighs nothing.
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
) -> tf.Tensor:
    """Returns the importance-weighted estimate of log p(x), [B], nats.

    log (1/k) sum_i p(x, z_i) / q(z_i|x), z_i ~ q(z|x): Burda et al. 2016 (arXiv:1509.00519),
    equation 8. A lower bound in expectation, rising with k. Examples and samples are taken in
    chunks, and examples shared out among the replicas of the strategy that the model was made
    under; neither changes a draw.

    Args:
        model: a model with `log_weights`.
        x: data, [B, ...], or a dictionary of such.
        num_samples: k.
        seed: an int, or one row per example [B, 2].
        memory_budget: bytes that one chunk's tensors may take, on each replica.
        progress: whether to show a progress bar.

    Raises:
        ValueError: for k below 1, data that does not suit the model, a budget below one sample, a
            likelihood or prior without density, or weights that are NaN (naming the example).
    """
    require_at_least(1, num_samples=num_samples)
    x = as_tensors(x)
    model.check_data(x)
    checks.require_densities(model)
    size = num_rows(x)
    seeds = noise.seed_rows(seed, size)
    # A mixture's density takes a tensor of all components, which may be larger than the data.
    shapes = [tuple(values.shape[1:]) for values in tf.nest.flatten(x)]
    shapes.append(getattr(getattr(model, "prior", None), "density_shape", ()))
    largest = max(shapes, key=math.prod)
    rows, chunk = chunk_shape(size, num_samples, largest, memory_budget)
    strategy = replicas.strategy_of(model)
    estimate = replicas.compiled(
        model,
        ("log_likelihood", num_samples, chunk),
        lambda x, seeds: log_likelihood_graph(model, x, seeds, num_samples, chunk),
    )
    bar = keras.utils.Progbar(size, verbose=int(progress), unit_name="example")
    values = [tf.zeros([0])]
    at_once = rows * strategy.num_replicas_in_sync
    for first in range(0, size, at_once):
        part = slice(first, min(first + at_once, size))
        shared = [replicas.share_out(strategy, take(rows, part)) for rows in (x, seeds)]
        value = replicas.collect(strategy, estimate(*shared), part.stop - part.start)
        checks.require_numbers("importance weights", value, first)
        values.append(value)
        bar.add(value.shape[0])
    return tf.concat(values, axis=0)
