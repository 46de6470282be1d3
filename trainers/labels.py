"""The labels of a run's data, as flags name them."""

from collections.abc import Mapping

import numpy as np

from trainers import program  # noqa: F401  # first: quiets TensorFlow

# isort: split
from absl import flags

import tfvae
from trainers.construct import nearest


def labels_of(data: tfvae.data.Dataset, numbers: np.ndarray, name: str | None) -> np.ndarray:
    """Returns the labels of examples as text, [n].

    Args:
        data: data with `labels`, one an example or several of them by name, or with factors.
        numbers: int64 [n], which examples.
        name: which label or factor; may be None where there is one only.

    Raises:
        ValueError: for data without labels, an unknown name, or none where there are several.
    """
    if isinstance(data, tfvae.data.GroundTruthDataset):
        columns = dict(zip(data.factor_names, data.factors(numbers).T, strict=True))
    else:
        labels = getattr(data, "labels", {})
        labels = labels if isinstance(labels, Mapping) else {"label": labels}
        columns = {key: np.asarray(column)[numbers] for key, column in labels.items()}
    if not columns:
        raise ValueError(f"{type(data).__name__} has no labels; latent_arithmetic needs them")
    if name is None and len(columns) == 1:
        (name,) = columns
    if name not in columns:
        problem = "--label is missing" if name is None else f"--label is {name!r}"
        raise ValueError(f"{problem}; {nearest(name or '', columns)}")
    return columns[name].astype(str)


def check_label(flag: flags.FlagHolder, labels: np.ndarray) -> None:
    """Raises ValueError where `flag` has a value that is none of `labels`."""
    valid = set(labels.tolist())
    if flag.value is not None and flag.value not in valid:
        raise ValueError(f"--{flag.name} is {flag.value!r}; {nearest(flag.value, valid)}")
