"""Checks before a likelihood is estimated, and of the estimates."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd


def require_densities(model) -> None:
    """Checks that the model's prior and likelihood have densities.

    Raises:
        ValueError: if one has none, or only an unnormalised one (the message names the head or
            prior).
    """
    z = tf.zeros([1, *model.latent_shape])
    _require_density("prior", model.prior, model.prior(), z)
    p = model.decode(z)
    for name, part in model.modalities_by_name().items():
        given = p[name] if isinstance(p, Mapping) else p  # of one modality, or several
        value = tf.zeros([1, *part.data_shape])
        _require_density("likelihood", getattr(part, "likelihood", None) or part, given, value)


def _require_density(argument: str, made_by, distribution, value: tf.Tensor) -> None:
    reason = "has no density (log_prob)"
    try:
        if hasattr(distribution, "log_prob"):
            distribution.log_prob(value)
            return
    except NotImplementedError:  # TFP's error for a distribution without a density
        if hasattr(distribution, "_unnormalized_log_prob"):
            reason = "has no known normalising constant (it has unnormalized_log_prob only)"
    maker = getattr(made_by, "__name__", type(made_by).__name__)
    name = getattr(distribution, "name", type(distribution).__name__)
    raise ValueError(
        f"{argument} {maker} gives {name}, which {reason}; a likelihood of data needs a "
        f"{argument} with a normalised log_prob, such as those of tfvae."
        f"{'priors' if argument == 'prior' else 'heads'}"
    )


def is_discrete(prior) -> bool:
    """Returns whether any of the latents of a prior p(z) are discrete."""
    part = prior
    while (inner := _made_of(part)) is not None:
        part = inner
    try:
        # TFP's default bijector from the reals to a distribution's values: None if it is discrete.
        return part.experimental_default_event_space_bijector() is None
    except NotImplementedError:  # a user's own distribution without such a bijector
        return not part.dtype.is_floating


def require_continuous(prior) -> None:
    """Raises ValueError if a prior p(z) is over discrete latents."""
    if is_discrete(prior):
        raise ValueError(
            f"prior gives {prior.name}, over discrete latents; annealing needs the gradient of the "
            "log-density with respect to the latents: use tfvae.evaluation.log_likelihood"
        )


def _made_of(distribution):
    """Returns the base of an independent, transformed or mixed distribution, None for others."""
    if isinstance(distribution, tfd.MixtureSameFamily):
        return distribution.components_distribution
    return getattr(distribution, "distribution", None)


def require_examples(x: tf.Tensor) -> None:
    """Raises ValueError if data [B, ...] have no rows."""
    if not len(x):
        raise ValueError("x has 0 rows; it must have at least 1")


def check_not_nan(log_weights_of: str, values: tf.Tensor, first: int = 0) -> None:
    """Checks estimates [B]; -inf, for an impossible example, is allowed.

    Raises:
        ValueError: if any are NaN or infinite (the message gives their number and the first one).
    """
    if not tf.executing_eagerly():
        return
    broken = np.flatnonzero(~(values.numpy() < np.inf))
    if broken.size:
        raise ValueError(
            f"{log_weights_of} of {broken.size} of {len(values)} examples are NaN or infinite, "
            f"first of example {first + broken[0]}: look for NaN in the model's weights, or for "
            "densities that grow without bound (a stddev near 0)"
        )
