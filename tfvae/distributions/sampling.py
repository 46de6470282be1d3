"""Samples TFP distributions as differentiable functions of seeds.

Distributions that TFP composes of simpler ones are sampled through those. Register a function to
support a new kind:

    @sample_with_seeds.register(tfd.MyDistribution)
    def _(distribution, seeds, num_samples, first_sample): ...
"""

import functools
import math

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae import noise


class UnsuitableDistributionError(TypeError):
    """A distribution lacks what a computation needs; the message says which to use instead."""


@functools.singledispatch
def sample_with_seeds(
    distribution, seeds: tf.Tensor, num_samples: int = 1, first_sample=0
) -> tf.Tensor:
    """Draws reparameterised samples, float32 [num_samples, B, ...event].

    Args:
        distribution: a TFP distribution with batch shape [B, ...], [] or [1, ...] (in the last
            two cases B is the number of `seeds`).
        seeds: int64 [B, 2], one row per example (see `tfvae.noise`).
        num_samples: samples per example.
        first_sample: number of the first sample, so that samples drawn in chunks are the same as
            those drawn at once.

    Raises:
        UnsuitableDistributionError: if the distribution is not a transformed normal and has no
            quantile function, so that it cannot be sampled as a function of its seeds.
    """
    shape = _example_shape(distribution, seeds)
    uniform = _in_shape(noise.uniform, shape, seeds, num_samples, first_sample)
    try:
        return distribution.quantile(uniform)
    except NotImplementedError as error:
        raise UnsuitableDistributionError(
            f"{distribution.name} (a {type(distribution).__name__}) cannot be sampled from seeds: "
            "it is not a transformed normal and has no quantile function. Use a "
            "tfd.TransformedDistribution of a normal, or register a function with "
            "tfvae.distributions.sample_with_seeds.register"
        ) from error


def _any(kind: type) -> type:
    """Returns TFP's base class of `kind`, which it also uses for function-valued parameters.

    For example, a flow has bijectors that call networks, and is not a composite tensor.
    """
    return kind.__mro__[1]


@sample_with_seeds.register(tfd.Normal)
def _(distribution, seeds, num_samples=1, first_sample=0):
    shape = _example_shape(distribution, seeds)
    normal = _in_shape(noise.normal, shape, seeds, num_samples, first_sample)
    return distribution.loc + distribution.scale * normal


@sample_with_seeds.register(_any(tfd.TransformedDistribution))
def _(distribution, seeds, num_samples=1, first_sample=0):
    base = distribution.distribution
    batch = distribution.batch_shape
    if batch.rank > 1 and not base.batch_shape.is_compatible_with(batch):
        # The values of one example would have the same noise.
        raise UnsuitableDistributionError(
            f"{distribution.name} has batch shape {batch}, its base {base.name} "
            f"{base.batch_shape}; give the base the full batch shape, for example "
            "tfd.Normal(tf.zeros_like(loc), 1.0)"
        )
    return distribution.bijector.forward(sample_with_seeds(base, seeds, num_samples, first_sample))


@sample_with_seeds.register(_any(tfd.Independent))
def _(distribution, seeds, num_samples=1, first_sample=0):
    inner = distribution.distribution
    if distribution.batch_shape.rank == 0:  # a prior: the inner batch axes are event axes
        inner = inner[tf.newaxis]
    return sample_with_seeds(inner, seeds, num_samples, first_sample)


@sample_with_seeds.register(_any(tfd.Sample))
def _(distribution, seeds, num_samples=1, first_sample=0):
    """Samples the base of TFP's multivariate normals."""
    inner = distribution.distribution
    if not isinstance(inner, tfd.Normal):
        raise UnsuitableDistributionError(
            f"{distribution.name} is a tfd.Sample of {inner.name}; only tfd.Sample of a tfd.Normal "
            "can be sampled from seeds"
        )
    shape = _example_shape(distribution, seeds)
    normal = _in_shape(noise.normal, shape, seeds, num_samples, first_sample)
    ones = [1] * distribution.event_shape.rank  # loc and scale are shared by the copies
    loc, scale = (
        tf.reshape(tensor, [*tf.unstack(tf.shape(tensor)), *ones])
        for tensor in (inner.loc, inner.scale)
    )
    return loc + scale * normal


@sample_with_seeds.register(tfd.StudentT)
def _(distribution, seeds, num_samples=1, first_sample=0):
    """Samples by the polar method of Bailey 1994 (Mathematics of Computation 62, 779), any nu.

    Box-Muller with the radius of a bivariate Student-t: its square exceeds r with probability
    (1 + r / nu)^(-nu / 2); each coordinate is a Student-t.
    """
    shape = tf.TensorShape([2]).concatenate(_example_shape(distribution, seeds))
    uniform = _in_shape(noise.uniform, shape, seeds, num_samples, first_sample)
    # In float64; the cast removes the last bits, which depend on a value's position in the batch.
    tail, angle = tf.unstack(tf.cast(uniform, tf.float64), axis=2)
    df = tf.cast(distribution.df, tf.float64)
    radius = tf.sqrt(df * tf.math.expm1(-2.0 / df * tf.math.log(tail)))
    standard = tf.cast(radius * tf.cos(2.0 * math.pi * angle), distribution.dtype)
    return distribution.loc + distribution.scale * standard


@sample_with_seeds.register(_any(tfd.MixtureSameFamily))
def _(distribution, seeds, num_samples=1, first_sample=0):
    """Samples the chosen component; the choice has no gradient to the weights."""
    components = distribution.components_distribution  # batch [B, ..., K]
    batch = distribution.batch_shape
    if batch.rank == 0:  # a prior: the components are not examples
        components, batch = components[tf.newaxis], tf.TensorShape([1])
    choice = noise.fold_in(seeds, "mixture")
    uniform = _in_shape(noise.uniform, batch[1:], choice, num_samples, first_sample)
    cumulative = tf.cumsum(distribution.mixture_distribution.probs_parameter(), axis=-1)
    below = uniform[..., tf.newaxis] >= cumulative[..., :-1]
    chosen = tf.reduce_sum(tf.cast(below, tf.int32), axis=-1)  # [num_samples, B, ...]
    values = sample_with_seeds(components, seeds, num_samples, first_sample)
    axis = chosen.shape.rank
    return tf.gather(values, chosen, axis=axis, batch_dims=axis)


@sample_with_seeds.register(_any(tfd.Mixture))
def _(distribution, seeds, num_samples=1, first_sample=0):
    """Samples the chosen component; components may be of different kinds."""
    choice = noise.fold_in(seeds, "mixture")
    uniform = noise.uniform(choice, 1, num_samples, first_sample)
    cumulative = tf.cumsum(distribution.cat.probs_parameter(), axis=-1)  # [B, K]
    below = uniform >= cumulative[:, :-1]
    chosen = tf.reduce_sum(tf.cast(below, tf.int32), axis=-1)  # [num_samples, B]
    values = tf.stack(
        [sample_with_seeds(c, seeds, num_samples, first_sample) for c in distribution.components]
    )
    return tf.gather(tf.transpose(values, [1, 2, 0, 3]), chosen, axis=2, batch_dims=2)


def _example_shape(distribution, seeds: tf.Tensor) -> tf.TensorShape:
    """Returns the shape of one example: the batch shape without its first axis, and the event."""
    batch = distribution.batch_shape
    if batch.rank and batch[0] != 1 and not batch[:1].is_compatible_with(seeds.shape[:1]):
        raise ValueError(
            f"{distribution.name} has batch shape {batch} and seeds has {seeds.shape[0]} rows; "
            "give one row per example"
        )
    return batch[1:].concatenate(distribution.event_shape)


def _in_shape(source, shape: tf.TensorShape, seeds, num_samples, first_sample) -> tf.Tensor:
    if not shape.is_fully_defined():
        raise ValueError(f"sampling needs a static shape per example, not {shape}")
    values = source(seeds, math.prod(shape), num_samples, first_sample)
    return tf.reshape(values, [num_samples, -1, *shape])
