"""Latent arithmetic with labels: the direction of one label, added to images of other labels.

The flags `--direction`, `--versus` and `--label` of `trainers.plot` choose them, as text.
"""

from collections.abc import Mapping

from trainers import program  # noqa: F401  # first: quiets TensorFlow

# isort: split
import numpy as np

import tfvae
from tfvae import latents, noise, plots
from tfvae.arguments import did_you_mean

ENCODED = 2000  # images encoded to find the direction
SHOWN = 12


def latent_arithmetic(
    model,
    data: tfvae.data.Dataset,
    seed: int,
    direction: str | None = None,
    versus: str | None = None,
    label: str | None = None,
):
    """Returns a figure: as many images of each other label, and a label's direction added to them.

    Args:
        model: the run's model.
        data: data with labels or factors.
        seed: of the images.
        direction: the label to move to; None: the first.
        versus: the label to move from; None: all others.
        label: the label to use, if data have several; a factor of ground-truth data.

    Raises:
        ValueError: see `labels_of`; for a label that no image has.
    """
    numbers = np.random.default_rng(seed).permutation(data.num_examples)[:ENCODED]
    labels = labels_of(data, numbers, label)
    valid = sorted(set(labels.tolist()))
    direction = valid[0] if direction is None else direction
    for flag, value in (("direction", direction), ("versus", versus)):
        if value is not None and value not in valid:
            raise ValueError(f"--{flag} is {value!r}; {did_you_mean(value, valid)}")
    if len(valid) < 2 or versus == direction:
        raise ValueError(
            f"--direction is {direction!r}; it needs images of another label to start from"
        )
    images = np.asarray(data.examples(numbers, noise.seed_rows(seed, len(numbers))))
    codes = latents.encoded(model.encode, images)
    added = latents.direction(codes, labels, direction, versus)
    others = [name for name in valid if name != direction] if versus is None else [versus]
    others = others[:SHOWN]
    shown = [np.flatnonzero(labels == other)[: SHOWN // len(others)] for other in others]
    return plots.latent_arithmetic(model, images[np.concatenate(shown)], added, f'"{direction}"')


def labels_of(data: tfvae.data.Dataset, numbers: np.ndarray, label: str | None) -> np.ndarray:
    """Returns the labels of examples as text, [n].

    Args:
        data: data with `labels`, an array or a dictionary of arrays, or with factors.
        numbers: int64 [n], which examples.
        label: name of the label or factor; may be None if there is only one.

    Raises:
        ValueError: if the data have no labels, the name is unknown, or none is given and there are
            several.
    """
    if isinstance(data, tfvae.data.GroundTruthDataset):
        columns = dict(zip(data.factor_names, data.factors(numbers).T, strict=True))
    else:
        labels = data.labels if isinstance(data.labels, Mapping) else {"label": data.labels}
        columns = {name: np.asarray(column)[numbers] for name, column in labels.items()}
    if not columns:
        raise ValueError(
            f"{type(data).__name__} has no labels, which latent_arithmetic needs; MNIST, "
            "TensorFlowDatasets and ground-truth data have them"
        )
    if label is None and len(columns) == 1:
        (label,) = columns
    if label not in columns:
        problem = "--label is missing" if label is None else f"--label is {label!r}"
        raise ValueError(f"{problem}; {did_you_mean(label or '', columns)}")
    return columns[label].astype(str)
