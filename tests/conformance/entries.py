"""The registered models for the conformance tests: how to build each, and its data."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

import tfvae
from tests.conformance import registry, registry_multimodal
from tests.conformance.registry import MODELS, PRIORS
from tests.conformance.registry_multimodal import LABELLED, MULTIMODAL, batches, uneven_batches

IMAGES = registry.Bars().array
TWO = ("image", "label")
# Two traces of one step may differ in the last bit, and Adam increases the difference.
ROUNDING = {"MMVAE": 1e-5}


@dataclasses.dataclass(frozen=True, eq=False)
class Entry:
    """One registered model.

    Attributes:
        name: name in its registry.
        cls: class of the model.
        make: makes the model, with the same weights each time; takes a `dtype`.
        make_small: as `make`, but with two modalities if `two`: 3 subsets, not 7.
        x: complete examples.
        training: examples to train on, which may lack values.
        with_gaps: `training` with NaN wherever a value is missing.
        subsets: argument of the export.
        two: whether two of three modalities prove what does not depend on their number.
        rounding: how far two traces of one step may lie apart; 0 is bit for bit.
    """

    name: str
    cls: type
    make: Callable
    make_small: Callable
    x: Any
    training: Any
    with_gaps: Any
    subsets: Any = None
    two: bool = False
    rounding: float = 0.0

    def batches(self, start: int = 0) -> tf.data.Dataset:
        """Endless batches of 32 rows of `training`."""
        return batches(self.training, start=start)

    def small(self, x):
        """Returns the part of the examples that the model of `make_small` takes."""
        return without_point(x) if self.two else x

    def uneven_batches(self) -> tf.data.Dataset:
        """Endless batches of 33 and 32 rows in turn, for the model of `make_small`."""
        return uneven_batches(self.small(self.training))


def without_point(x):
    """Returns examples of several modalities without the one that `make_small` omits."""
    two = {name: x[name] for name in TWO}
    if here := x.get("present"):
        image, label = (here.get(name, np.ones(len(x[name]), bool)) for name in TWO)
        two["present"] = {"image": image | ~label, "label": label}  # each row has at least one
    return two


def rows(x, numbers):
    """Returns the rows with these numbers."""
    numbers = np.asarray(numbers)
    return tf.nest.map_structure(lambda values: tf.gather(values, numbers), x)


def _of_one_modality(name, cls, settings):
    make = functools.partial(registry.build, cls, **settings)
    return Entry(name, cls, make, make, IMAGES, IMAGES, IMAGES)


def _of_several(name, cls, settings):
    make = functools.partial(registry_multimodal.build, cls, **settings)
    x = registry_multimodal.examples()
    two = not settings.get("num_subsets")  # two modalities have no subsets to draw
    return Entry(
        name,
        cls,
        make,
        functools.partial(make, names=TWO) if two else make,
        x,
        registry_multimodal.INCOMPLETE,
        registry_multimodal.examples(missing=True),
        subsets=[["image"], ["label", "point"]],
        two=two,
        rounding=ROUNDING.get(name, 0.0),
    )


def _of_labels(name, cls, settings):
    make = functools.partial(registry_multimodal.build_labelled, cls, **settings)
    x, some = without_point(registry_multimodal.examples()), registry_multimodal.PARTLY_LABELLED
    known = some["present"]["label"]
    gaps = {**some, "label": np.where(known[:, None], some["label"], np.nan)}
    return Entry(name, cls, make, make, x, some, gaps)


ONE_MODALITY = [_of_one_modality(name, *entry[:2]) for name, entry in MODELS.items()]
SEVERAL = [_of_several(name, *entry[:2]) for name, entry in MULTIMODAL.items()]
LABELS = [_of_labels(name, *entry[:2]) for name, entry in LABELLED.items()]
WITH_PRIORS = [_of_one_modality(name, tfvae.VAE, {"prior": p}) for name, p in PRIORS.items()]

ALL = {entry.name: entry for entry in [*ONE_MODALITY, *SEVERAL, *LABELS]}
# In every run of the tests: a class's first entry, and every prior; other settings are slow.
EVERY_RUN = {*{e.cls: e.name for e in reversed(ALL.values())}.values(), *PRIORS}
# What takes long is there for some: one player, two, several samples, batch normalisation, several
# modalities, a label.
FEW = ("VAE", "FactorVAE", "IWAE", "VAE, ladder", "JMVAE", "SemiSupervisedVAE")


def in_every_run(*names):
    """Marks a promise that is slow for all entries except `names`; without it, `EVERY_RUN` does."""

    def mark(promise):
        promise.in_every_run = names
        return promise

    return mark
