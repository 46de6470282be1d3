"""Checks of modalities and their data."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae.multimodal.observed import PRESENT, Observed, observed
from tfvae.training.checks import check_images


def require_names(modalities: Mapping[str, Any]) -> None:
    """Raises ValueError if there are no modalities, or a name cannot be used in signatures."""
    if not modalities:
        raise ValueError("modalities is empty; a model needs at least one")
    for name in modalities:
        if not name.isidentifier() or name == PRESENT or name in ("latent", "seed"):
            raise ValueError(
                f"modalities has {name!r}; a name must be an identifier and neither {PRESENT!r}, "
                "'latent' nor 'seed', which signatures use"
            )


def require_normal(argument: str, made_by, distribution) -> None:
    """Checks that a distribution can be an expert of a product.

    Raises:
        ValueError: if it cannot (the message names `argument` and the alternatives).
    """
    if not isinstance(distribution, tfd.MultivariateNormalDiag):
        maker = getattr(made_by, "__name__", type(made_by).__name__)
        raise ValueError(
            f"{argument} {maker} gives {distribution.name}; experts of a product must be normals "
            "of diagonal covariance: use tfvae.heads.DiagonalNormal (priors: StandardNormal or "
            "AnisotropicNormal), or tfvae.MMVAE, a mixture, which takes experts of any kind"
        )


def check_data(x: Mapping[str, Any], modalities: Mapping[str, Any]) -> None:
    """Raises ValueError for data that do not suit the modalities, naming modality and rows."""
    known = check_values(x, modalities)
    if known.values:
        there = tf.add_n([known.here(name) for name in known.values]).numpy()
        nothing = np.flatnonzero(there == 0)
        if nothing.size:
            raise ValueError(
                f"{nothing.size} of {len(there)} rows have no modality at all, first row "
                f"{nothing[0]}; leave them out, or mark what they have in {PRESENT!r}"
            )


def check_values(x: Mapping[str, Any], modalities: Mapping[str, Any]) -> Observed:
    """Returns data in the modalities' types.

    Raises:
        ValueError: for values that do not suit a modality, naming it.
    """
    for name, value in x.items():
        if name in modalities:
            _check_classes(name, value, modalities[name])
    known = observed(x, modalities)
    for name, value in known.values.items():
        modality = modalities[name]
        try:
            check_images(value, modality.data_shape, modality.support)
        except ValueError as error:
            raise ValueError(f"modality {name!r}: {error}") from error
    return known


def _check_classes(name: str, value, modality) -> None:
    """Checks labels that are given as class numbers."""
    value = tf.convert_to_tensor(value)
    if not (value.dtype.is_integer and value.shape.rank == 1 and len(modality.data_shape) == 1):
        return
    classes = modality.data_shape[0]
    outside = value.numpy()[(value.numpy() < 0) | (value.numpy() >= classes)]
    if outside.size:
        raise ValueError(
            f"modality {name!r} has class number {outside[0]}; it must be from 0 to {classes - 1}"
        )


def require_subsets(
    subsets: Iterable[Sequence[str]] | None, names: Sequence[str]
) -> list[list[str]]:
    """Returns `subsets` of modality names as lists; if None, one subset per modality.

    Raises:
        ValueError: if a subset is empty or has an unknown name.
    """
    chosen = [[name] for name in names] if subsets is None else [list(s) for s in subsets]
    for subset in chosen:
        unknown = [name for name in subset if name not in names or name == PRESENT]
        if unknown or not subset:
            raise ValueError(
                f"subsets has {subset}; each must be some of the modalities {', '.join(names)}"
            )
    return chosen


def build_joint_encoder(joint_encoder, modalities: Mapping[str, Any], posterior) -> None:
    """Builds the encoder of all modalities together.

    Raises:
        ValueError: if its outputs are not the posterior's parameters.
    """
    inputs = {
        name: keras.KerasTensor((None, *m.data_shape), dtype=m.data_dtype.name)
        for name, m in modalities.items()
    }
    outputs = tuple(joint_encoder(inputs).shape[1:])
    if outputs != (posterior.params_size,):
        raise ValueError(
            f"joint_encoder gives outputs of shape {list(outputs)}; {type(posterior).__name__} "
            f"needs [{posterior.params_size}] (outputs={posterior.params_size})"
        )
