"""Importance-weighted log-likelihoods, in chunks that fit a memory budget."""

import math

import tensorflow as tf

from tfvae import noise
from tfvae.estimators import accumulate_log_sum_exp

MEMORY_BUDGET = 256 * 2**20  # bytes of one chunk's tensors of the data's shape
# Tensors of the data's shape alive at once: parameters, log-probabilities and their parts.
_TENSORS_ALIVE = 4


def samples_per_chunk(rows: int, data_shape: tuple[int, ...], memory_budget: int) -> int:
    """Returns how many samples of each of `rows` examples fit `memory_budget` bytes.

    Raises:
        ValueError: where not even one does.
    """
    one_sample = rows * math.prod(data_shape) * 4 * _TENSORS_ALIVE
    if memory_budget < one_sample:
        raise ValueError(
            f"memory_budget is {memory_budget} bytes; one sample of {rows} examples needs "
            f"{one_sample}: raise it or give fewer examples at once"
        )
    return memory_budget // one_sample


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
) -> tf.Tensor:
    """Returns the importance-weighted estimate of log p(x), [B], nats.

    log (1/k) sum_i p(x, z_i) / q(z_i|x), z_i ~ q(z|x): Burda et al. 2016 (arXiv:1509.00519),
    equation 8. Samples are drawn in chunks, which change no draw.

    Args:
        model: a model with `log_weights`.
        x: data, [B, ...].
        num_samples: k.
        seed: an int, or one row per example [B, 2].
        memory_budget: bytes that one chunk's tensors may take.

    Raises:
        ValueError: for k below 1, data that does not suit the model, or a budget below one chunk.
    """
    if num_samples < 1:
        raise ValueError(f"num_samples is {num_samples}; it must be at least 1")
    x = tf.convert_to_tensor(x)
    model.check_data(x)
    seeds = noise.seed_rows(seed, x.shape[0])
    # A mixture's density takes a tensor of all components, which may be larger than the data.
    shapes = [tuple(x.shape[1:]), getattr(getattr(model, "prior", None), "density_shape", ())]
    largest = max(shapes, key=math.prod)
    chunk = min(num_samples, samples_per_chunk(max(1, x.shape[0]), largest, memory_budget))
    return compiled(model, num_samples, chunk)(x, seeds)


def compiled(model, num_samples: int, chunk: int):
    """Returns the compiled estimate for these sizes, kept with the model."""
    functions = model.__dict__.setdefault("_likelihood_functions", {})
    if (num_samples, chunk) not in functions:
        functions[num_samples, chunk] = tf.function(
            lambda x, seeds: log_likelihood_graph(model, x, seeds, num_samples, chunk),
            reduce_retracing=True,
        )
    return functions[num_samples, chunk]
