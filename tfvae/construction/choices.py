"""Chooses the parts of a model that the user does not give, by the data."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfvae.construction.data_summary import Summary
from tfvae.networks.convolutional import takes_shape

# Units of the hidden layers for vectors and series. Volumes, and images of a size that the
# convolutional networks do not take, get the defaults of the dense networks.
UNITS = [256, 256]
# Features of a modality in a joint encoder.
IMAGE_FEATURES, VECTOR_FEATURES = 256, 64

Spec = dict[str, Any]


def likelihood_for(summary: Summary) -> Spec:
    """Returns a likelihood that suits the data's range.

    This is categorical for one-hot vectors; Bernoulli for values in [0, 1] (the cross entropy, as
    in the published configs); else normal with one learned standard deviation.

    Raises:
        ValueError: if there are whole numbers other than 0 and 1, which may be pixels, classes or
            tokens.
    """
    if summary.dtype.kind in "iu" and (summary.low < 0 or summary.high > 1):
        largest = np.iinfo(summary.dtype).max if summary.dtype.kind == "u" else summary.high
        raise ValueError(
            f"data has whole numbers from {summary.low:g} to {summary.high:g} "
            f"({summary.dtype}). Scale pixels, such as x / {largest:g}; make classes one-hot by "
            "tfvae.data.Labels; convert counts by astype('float32'); or give a likelihood"
        )
    if summary.is_one_hot:
        return {"name": "OneHotCategorical"}
    if summary.low >= 0 and summary.high <= 1:
        return {"name": "Bernoulli"}
    return {"name": "Normal", "scale": "learned"}


def networks_for(summary: Summary) -> dict[str, Spec]:
    """Returns an encoder and a decoder: convolutional if they take the shape, else dense."""
    if takes_shape(summary.shape):
        return {"encoder": {"name": "ConvEncoder"}, "decoder": {"name": "ConvDecoder"}}
    hidden: Spec = {"hidden": UNITS, "activation": "relu"} if len(summary.shape) < 3 else {}
    return {
        "encoder": {"name": "DenseEncoder", **hidden},
        "decoder": {"name": "DenseDecoder", **hidden},
    }


def modality_for(summary: Summary, given: Any, label_is_latent: bool) -> Any:
    """Returns a modality: the given parts, and chosen ones for the rest.

    Args:
        summary: summary of the modality's data.
        given: an object, or the arguments given; None if there are none.
        label_is_latent: whether one-hot vectors become a `Label`.
    """
    if not (given is None or (isinstance(given, Mapping) and "name" not in given)):
        return given
    given = dict(given or {})
    if label_is_latent and summary.is_one_hot and len(summary.shape) == 1:
        return {"name": "Label", **given}
    return {"name": "Modality", **given, **single_parts(summary, given)}


def single_parts(summary: Summary, given: Mapping[str, Any]) -> Spec:
    """Returns the likelihood, encoder and decoder for data of one modality.

    Given parts are kept; arguments without a name are added to those of the chosen part.
    """
    parts = {key: completed(part, given.get(key)) for key, part in networks_for(summary).items()}
    likelihood = given.get("likelihood")
    parts["likelihood"] = likelihood_for(summary) if likelihood is None else likelihood
    return parts


def joint_encoder_for(summaries: Mapping[str, Summary]) -> Spec:
    """Returns an encoder of all modalities together."""
    encoders = {}
    for name, summary in summaries.items():
        is_vector = len(summary.shape) < 3
        encoder = networks_for(summary)["encoder"]
        encoder["outputs"] = VECTOR_FEATURES if is_vector else IMAGE_FEATURES
        encoders[name] = encoder | ({"hidden": [VECTOR_FEATURES]} if is_vector else {})
    return {"name": "JointEncoder", "encoders": encoders, "hidden": [IMAGE_FEATURES]}


def completed(chosen: Spec, given: Any) -> Any:
    """Returns the given part; arguments without a name are added to those of the chosen part."""
    if given is None:
        return chosen
    if isinstance(given, Mapping) and "name" not in given:
        return {**chosen, **given}
    return given
