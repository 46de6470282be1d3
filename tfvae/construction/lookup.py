"""Classes by name."""

import importlib
import inspect
from typing import Any

from tfvae.arguments import did_you_mean
from tfvae.training.trainable_model import TrainableModel

MODEL_PACKAGES = ("tfvae.models", "tfvae.multimodal")


def lookup(name: str, package: str, field: str) -> type:
    """Returns the class called `name`.

    Args:
        name: a public class of `package`, or "module.Class" for a class of your own.
        package: the package to search, such as "tfvae.networks".
        field: the argument or config field of the name, for errors.

    Raises:
        ValueError: if the name is unknown (the message has the closest valid one).
    """
    return _own_class(name, field) or _choose(name, public_classes(package), field)


def lookup_model(name: str, field: str) -> type[Any]:
    """Returns the model class called `name`: of `tfvae.models`, `tfvae.multimodal`, or your own.

    Raises:
        ValueError: if the name is unknown (the message has the closest valid one).
    """
    classes = {
        key: cls
        for package in MODEL_PACKAGES
        for key, cls in public_classes(package).items()
        if issubclass(cls, TrainableModel) and cls.objective is not TrainableModel.objective
    }
    return _own_class(name, field) or _choose(name, classes, field)


def public_classes(package: str) -> dict[str, type]:
    """Returns the public classes of a package that can be instantiated, by name."""
    module = importlib.import_module(package)
    items = {name: getattr(module, name, None) for name in getattr(module, "__all__", dir(module))}
    return {
        name: cls
        for name, cls in items.items()
        if inspect.isclass(cls) and not inspect.isabstract(cls)
    }


def _choose(name: str, classes: dict[str, type], field: str) -> type:
    if name not in classes:
        raise ValueError(f"{field} is {name!r}; {did_you_mean(name, classes)}")
    return classes[name]


def _own_class(name: str, field: str) -> type | None:
    """The class "module.Class"; None if `name` has no module."""
    module_name, _, class_name = name.rpartition(".")
    if not module_name:
        return None
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and f"{module_name}.".startswith(f"{error.name}."):
            raise ValueError(
                f"{field} is {name!r}; there is no module {error.name!r}: put it beside the config "
                "or into the folder that you start from, or its folder on PYTHONPATH"
            ) from error
        raise  # the module exists and needs another one that does not
    cls = getattr(module, class_name, None)
    if not inspect.isclass(cls):
        raise ValueError(f"{field} is {name!r}; module {module_name!r} has no class {class_name!r}")
    return cls
