"""Which arguments of a constructor take objects, and the packages of their classes.

Annotations tell: an argument of type `keras.Model` is a network of `tfvae.networks`, a
`schedules.NumberOrSchedule` may be a schedule, `Mapping[str, Modality]` are classes of
`tfvae.multimodal`. A new objective with an argument `critic: keras.Model` needs nothing else.
"""

import collections.abc
import typing
from typing import Any, NamedTuple

import keras

from tfvae.arguments import constructor_arguments
from tfvae.distributions.distribution_layer import Head

# Arguments that take any function besides the classes of a package, and so have no annotation.
UNTYPED = {
    "posterior": "tfvae.heads",
    "likelihood": "tfvae.heads",
    "heads": "tfvae.heads",
    "prior": "tfvae.priors",
    "top": "tfvae.priors",
    "learning_rate": "keras.optimizers.schedules",
}


class Role(NamedTuple):
    """The objects that an argument takes.

    Attributes:
        package: the package of its classes, such as "tfvae.networks".
        several: whether it takes a list or a mapping of objects.
    """

    package: str
    several: bool


def roles_of(cls: type) -> dict[str, Role]:
    """Returns the arguments of a class's constructor that take objects, and their roles."""
    arguments = constructor_arguments(cls)
    roles: dict[str, Role] = {}
    for base in cls.__mro__:
        hints = _hints(base) if "__init__" in vars(base) else {}
        for name in arguments:
            role = _role(hints[name]) if name in hints else None
            if role is not None:
                roles.setdefault(name, role)
    untyped = {
        name: Role(package, several=name == "heads")
        for name, package in UNTYPED.items()
        if name in arguments
    }
    return untyped | roles


def _hints(cls: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(vars(cls)["__init__"])
    except NameError:  # names imported for type checkers only: treat as no annotations
        return {}


def _role(annotation) -> Role | None:
    """Returns the role of a type, or of the types in a union or container."""
    origin, members = typing.get_origin(annotation), typing.get_args(annotation)
    if members:
        several = origin in (collections.abc.Sequence, collections.abc.Mapping, list, tuple, dict)
        found = next((role for role in map(_role, members) if role), None)
        return found and found._replace(several=several or found.several)
    package = _package(annotation) if isinstance(annotation, type) else None
    return Role(package, several=False) if package else None


def _package(cls: type) -> str | None:
    """Returns the package of the classes for an argument of type `cls`."""
    if cls is keras.Model:
        return "tfvae.networks"
    if issubclass(cls, Head):
        return "tfvae.heads"
    module = cls.__module__.split(".")
    return ".".join(module[:2]) if module[0] == "tfvae" else None
