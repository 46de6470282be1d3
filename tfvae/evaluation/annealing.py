"""Chains along a path of distributions between the prior and the posterior.

At temperature b the target of a chain is p(z) p(x|z)^b, unnormalised: the prior at b = 0, the
posterior at b = 1. Neal 2001 (arXiv:physics/9803008); Wu et al. 2017 (arXiv:1611.04273).
"""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from tfvae.evaluation import replicas

TARGET_ACCEPTANCE = 0.65  # Wu et al., appendix
SIGMOID_RANGE = 4.0  # the schedule is a logistic function from -4 to 4
# Examples per group. A step draws its noise for the whole group at once, since TFP's kernels take
# no seed per example. The size is therefore fixed and smaller groups are padded, so that the chains
# of an example depend on its number only, not on how many others there are.
GROUP = 20
_STEPS_PER_CALL = 50
_FIRST_STEP_SIZE = 0.1
# Change of the log step size per step, for each unit of acceptance above or below the target.
_ADAPTATION_RATE = 0.3


class Path(NamedTuple):
    """The result of chains along a path of T steps; B examples, C chains, nats.

    Attributes:
        latent: last z of each chain, [B, C, d].
        log_weights: log-weight of each chain, float64 [B, C]; the weight is an estimate of the
            last distribution's normaliser over the first one's.
        step_sizes: step sizes of the transitions, [B, T].
        acceptance: mean acceptance probability of the transitions, [B, T].
        log_normaliser: estimate of the log of the integral of p(z) p(x|z)^b, for the b of each
            step, [B, T].
        distortion: E[-log p(x|z)] under the distribution at that b, [B, T].
    """

    latent: np.ndarray
    log_weights: np.ndarray
    step_sizes: np.ndarray
    acceptance: np.ndarray
    log_normaliser: np.ndarray
    distortion: np.ndarray


def temperatures(num_steps: int) -> np.ndarray:
    """Returns T + 1 temperatures from 0 to 1, dense at both ends; Wu et al. 2017, section 3."""
    logistic = 1 / (1 + np.exp(-np.linspace(-SIGMOID_RANGE, SIGMOID_RANGE, num_steps + 1)))
    return (logistic - logistic[0]) / (logistic[-1] - logistic[0])


def follow(
    model,
    x: tf.Tensor,
    latent: tf.Tensor,
    path: np.ndarray,
    seed: tuple[int, ...],
    num_leapfrog_steps: int,
    step_sizes: np.ndarray | None = None,
    bar: keras.utils.Progbar | None = None,
) -> Path:
    """Runs chains along `path`; a step updates the weights, then applies a transition.

    Args:
        model: a model.
        x: data, [B, ...].
        latent: samples z of the distribution at the first temperature, [B, C, d].
        path: temperatures, [T + 1].
        seed: integers; each path of an estimate has its own.
        num_leapfrog_steps: leapfrog steps per transition.
        step_sizes: step sizes of the transitions, [B, T]; adapted during the run if None. Adapted
            chains are not Markov chains, and their weights give no bound.
        bar: progress bar, advanced by one per group and step.
    """
    adapt = step_sizes is None
    if step_sizes is None:
        step_sizes = np.full([x.shape[0], 1], _FIRST_STEP_SIZE)  # initial values to adapt
    strategy = replicas.strategy_of(model)
    take_steps = replicas.compiled(
        model,
        ("anneal", num_leapfrog_steps, adapt),
        lambda *tensors: _take_steps(model, num_leapfrog_steps, adapt, *tensors),
    )
    groups = strategy.num_replicas_in_sync  # at once, one on each replica
    parts = []
    for first in range(0, x.shape[0], groups * GROUP):
        rows = np.minimum(np.arange(first, first + groups * GROUP), x.shape[0] - 1)
        numbers = [first // GROUP + i for i in range(groups)]
        seeds = np.stack([_seeds((*seed, number), len(path) - 1) for number in numbers])
        # One copy of the seeds per row, so that they are distributed together with the rows.
        data = (tf.gather(x, rows), tf.constant(np.repeat(seeds, GROUP, axis=0)))
        chains = (
            tf.gather(latent, rows),
            tf.zeros([len(rows), latent.shape[1]], tf.float64),
            tf.constant(np.log(step_sizes[rows]), tf.float32),
        )
        parts.append(_follow_groups(take_steps, strategy, data, chains, path, bar))
    return Path(*(np.concatenate(values)[: x.shape[0]] for values in zip(*parts, strict=True)))


def _follow_groups(take_steps, strategy, data, chains, path: np.ndarray, bar) -> list[np.ndarray]:
    """Returns the fields of `Path` for groups that run at once, one on each replica.

    Args:
        take_steps: compiled `_take_steps`.
        strategy: the strategy with the replicas.
        data: examples and seeds of the steps, [rows, ...].
        chains: latents, log-weights and log step sizes, [rows, ...].
        path: temperatures, [T + 1].
        bar: as `follow`.
    """
    num_rows, steps = data[0].shape[0], len(path) - 1
    shared = [replicas.share_out(strategy, tensor) for tensor in data]
    records = []
    for begin in range(0, steps, _STEPS_PER_CALL):
        end = min(begin + _STEPS_PER_CALL, steps)
        state = [replicas.share_out(strategy, tensor) for tensor in chains]
        interval = (tf.constant(path), tf.constant(begin), tf.constant(end))
        outputs = [
            replicas.collect(strategy, tensor, num_rows)
            for tensor in take_steps(*shared, *state, *interval)
        ]
        chains = outputs[:3]
        records.append([tensor.numpy() for tensor in outputs[3:]])
        if bar is not None:
            bar.add((end - begin) * strategy.num_replicas_in_sync)
    latent, log_weights, _ = (tensor.numpy() for tensor in chains)
    whole = [np.concatenate(values, axis=1) for values in zip(*records, strict=True)]
    return [latent, log_weights, *whole]


def _seeds(seed: tuple[int, ...], steps: int) -> np.ndarray:
    """Returns one TFP seed per step, int32 [T, 2]."""
    words = np.random.SeedSequence([number % 2**64 for number in seed]).generate_state(2 * steps)
    return words.view(np.int32).reshape(steps, 2)


def _take_steps(
    model,
    num_leapfrog_steps: int,
    adapt: bool,
    x: tf.Tensor,
    seeds: tf.Tensor,
    latent: tf.Tensor,
    log_weights: tf.Tensor,
    log_step_sizes: tf.Tensor,
    path: tf.Tensor,
    begin: tf.Tensor,
    end: tf.Tensor,
):
    """Takes steps `begin` to `end` with the group of one replica (graph code); see `follow`.

    Returns:
        The chains, then the step size, acceptance, log-normaliser and distortion of each step,
        [B, end - begin].
    """
    x = tf.cast(x, tf.float32)[:, tf.newaxis]

    def log_likelihood(z):
        return model.decode(z).log_prob(x)  # log p(x|z)

    def take_step(t, z, log_weights, log_step_sizes, records):
        before, b = path[t], tf.cast(path[t + 1], tf.float32)
        likelihood = tf.cast(log_likelihood(z), tf.float64)
        log_weights += (path[t + 1] - before) * likelihood
        log_step = log_step_sizes if adapt else log_step_sizes[:, t, tf.newaxis]
        kernel = tfp.mcmc.HamiltonianMonteCarlo(
            # multiply_no_nan, since 0 * -inf is NaN: b = 0 with an impossible example.
            lambda z: model.prior().log_prob(z) + tf.math.multiply_no_nan(log_likelihood(z), b),
            step_size=tf.exp(log_step)[:, tf.newaxis],
            num_leapfrog_steps=num_leapfrog_steps,
        )
        z, results = kernel.one_step(z, kernel.bootstrap_results(z), seed=seeds[0, t])
        acceptance = tf.exp(tf.minimum(results.log_accept_ratio, 0.0))
        acceptance = tf.reduce_mean(
            tf.where(tf.math.is_nan(acceptance), tf.zeros_like(acceptance), acceptance), axis=1
        )
        # The chains before the transition, weighted, represent the distribution at b.
        share = tf.nn.softmax(log_weights, axis=1)
        step = (
            tf.exp(log_step[:, 0]),
            acceptance,
            tf.reduce_logsumexp(log_weights, axis=1),
            -tf.reduce_sum(tf.math.multiply_no_nan(likelihood, share), axis=1),
        )
        if adapt:
            log_step_sizes += _ADAPTATION_RATE * (acceptance - TARGET_ACCEPTANCE)[:, tf.newaxis]
        records = [
            record.write(t - begin, value) for record, value in zip(records, step, strict=True)
        ]
        return t + 1, z, log_weights, log_step_sizes, records

    dtypes = (tf.float32, tf.float32, tf.float64, tf.float64)
    records = [tf.TensorArray(dtype, end - begin, element_shape=[None]) for dtype in dtypes]
    _, *chains, records = tf.while_loop(
        lambda t, *_: t < end,
        take_step,
        (begin, latent, log_weights, log_step_sizes, records),
        parallel_iterations=1,
    )
    step_sizes, acceptance, log_sum, distortion = (tf.transpose(r.stack()) for r in records)
    chains_each = tf.cast(tf.shape(latent)[1], tf.float64)
    log_normaliser = log_sum - tf.math.log(chains_each)
    return *chains, step_sizes, acceptance, log_normaliser, distortion
