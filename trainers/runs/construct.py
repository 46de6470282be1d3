"""Data and models from the names and fields of a config."""

import keras
import numpy as np
from ml_collections import ConfigDict

import tfvae
from tfvae import runs
from tfvae.construction import lookup, lookup_model


def check_names(config: ConfigDict) -> None:
    """Checks the names of classes before any data is read.

    Raises:
        ValueError: if a name is unknown (the message has the closest valid one).
    """
    lookup(config.data.name, "tfvae.data", "config.data.name")
    lookup(config.optimizer.name, "keras.optimizers", "config.optimizer.name")
    lookup_model(config.model.name, "config.model.name")


def build_data(config: ConfigDict) -> tuple[tfvae.data.Dataset, tfvae.data.Dataset]:
    """Returns the data to train on and the data to evaluate on."""
    return runs.data_of(config)


def build_model(config: ConfigDict, data: tfvae.data.Dataset):
    """Returns the model of `config.model`, compiled; sizes left out follow from data and heads.

    Raises:
        ValueError: if names, fields or sizes do not work (the message names them).
    """
    keras.utils.set_random_seed(config.seed)  # for random numbers that a user's own classes draw
    return runs.model_of(config, data)


def check_output_bias(model) -> None:
    """Checks that the decoder's output bias can start from the data's mean.

    Raises:
        ValueError: if the likelihood's parameters are not one logit per value.
    """
    if not getattr(model.likelihood, "params_are_logits", False):  # any function may be one
        likelihood = "no one likelihood"
        if model.likelihood is not None:
            likelihood = f"likelihood {type(model.likelihood).__name__}"
        raise ValueError(
            f"config.output_bias_from_data is True; {type(model).__name__} with {likelihood} "
            "has no logits to start from the data's mean: set it to False"
        )


def mean_image(data: tfvae.data.Dataset, examples: int = 60_000) -> np.ndarray:
    """Returns the mean of (at most `examples`) images, [H, W, C]."""
    total = np.zeros(data.image_shape, np.float64)
    for images in data.epoch(1000, limit=examples):
        total += np.sum(images, axis=0, dtype=np.float64)
    return total / min(examples, data.num_examples)
