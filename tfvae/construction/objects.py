"""Makes objects from class names and arguments."""

import difflib
from collections.abc import Container, Mapping
from typing import Any

from tfvae.arguments import constructor_arguments, did_you_mean
from tfvae.construction.lookup import lookup
from tfvae.construction.roles import Role, roles_of

NETWORKS = "tfvae.networks"


def construct(spec, package: str, field: str, dtype: str | None = None, **sizes):
    """Returns the object that `spec` describes.

    Args:
        spec: {"name": ..., **arguments}; arguments that take objects are such mappings too, lists
            or mappings of them, or names. It may also be a name, a class, or the object itself.
        package: the package of the class, such as "tfvae.networks".
        field: the argument or config field of `spec`, for errors.
        dtype: Keras dtype policy of networks.
        sizes: values for arguments that `spec` does not give, if the class has them.

    Raises:
        ValueError: if a name or argument is unknown (the message has the closest valid one), or an
            argument is missing.
    """
    if isinstance(spec, str):
        spec = {"name": spec}
    if isinstance(spec, type):
        return _instance(spec, {}, _offered(package, dtype, sizes), field, dtype)
    if not isinstance(spec, Mapping):
        return spec
    arguments = dict(spec)
    if not isinstance(arguments.get("name"), str):
        raise ValueError(f"{field} has no name; valid: see {package}")
    cls = lookup(arguments.pop("name"), package, f"{field}.name")
    return _instance(cls, arguments, _offered(package, dtype, sizes), field, dtype)


def _instance(
    cls: type,
    arguments: Mapping[str, Any],
    sizes: Mapping[str, Any],
    field: str,
    dtype: str | None,
):
    """Returns an object of `cls`; `sizes` fill in arguments that are not given."""
    check_arguments(cls, arguments, field)
    roles = roles_of(cls)
    made = {
        key: make_argument(cls, key, value, roles, field, dtype) for key, value in arguments.items()
    }
    valid = constructor_arguments(cls)
    made = {key: value for key, value in sizes.items() if _takes(valid, roles, key)} | made
    check_complete(cls, made, field)
    return cls(**made)


def make_argument(
    cls: type, key: str, value, roles: Mapping[str, Role], field: str, dtype: str | None
):
    """Returns the value of an argument, with descriptions of objects replaced by the objects."""
    path = join(field, key)
    if key in roles:
        return _make(value, roles[key], path, dtype)
    if isinstance(value, Mapping) and isinstance(value.get("name"), str):
        taking = [f"{name} ({role.package})" for name, role in sorted(roles.items())]
        raise ValueError(
            f"{path} is an object, {value['name']!r}, which this argument of {cls.__name__} does "
            f"not take; arguments that take one: {', '.join(taking) or 'none'}"
        )
    return value


def _make(value, role: Role, field: str, dtype: str | None):
    if role.several and isinstance(value, (list, tuple)):
        return [_make(item, role, f"{field}[{i}]", dtype) for i, item in enumerate(value)]
    if role.several and isinstance(value, Mapping) and not isinstance(value.get("name"), str):
        return {key: _make(item, role, f"{field}.{key}", dtype) for key, item in value.items()}
    return construct(value, role.package, field, dtype)


def _takes(valid: Container[str], roles: Mapping[str, Role], key: str) -> bool:
    """Returns whether a constructor takes a size; `data` only if its annotation is for data."""
    return key in valid and (key != "data" or (key in roles and roles[key].package == "tfvae.data"))


def _offered(package: str, dtype: str | None, sizes: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the known sizes, and the dtype policy for networks."""
    known = {key: value for key, value in sizes.items() if value is not None}
    return {"dtype": dtype, **known} if package == NETWORKS else known


def check_arguments(cls: type, arguments: Mapping[str, Any], field: str) -> None:
    """Checks that the constructor of `cls` takes these arguments.

    Raises:
        ValueError: if an argument is unknown. The message has the closest valid one or, if the
            argument describes an object, those that take objects.
    """
    valid = constructor_arguments(cls)
    for key, value in arguments.items():
        if key in valid:
            continue
        roles = roles_of(cls)
        describes_object = isinstance(value, Mapping) and "name" in value
        if describes_object and roles and not difflib.get_close_matches(key, valid, cutoff=0.7):
            taking = [f"{name} ({role.package})" for name, role in sorted(roles.items())]
            raise ValueError(
                f"{join(field, key)} is unknown; {cls.__name__} takes these objects: "
                f"{', '.join(taking)}"
            )
        raise ValueError(f"{join(field, key)} is unknown; {did_you_mean(key, valid)}")


def check_complete(cls: type, arguments: Mapping[str, Any], field: str) -> None:
    """Checks that no argument is missing.

    Raises:
        ValueError: if one is missing (the message names the first).
    """
    for key in constructor_arguments(cls):
        if key not in arguments:
            require_given(cls, key, field)


def require_given(cls: type, key: str, field: str) -> None:
    """Raises ValueError if `key` is an argument of `cls` that has no default."""
    argument = constructor_arguments(cls)[key]
    if argument.default is argument.empty:
        how = "give its name" if key in roles_of(cls) else f"{cls.__name__} needs it"
        raise ValueError(f"{join(field, key)} is missing; {how}")


def join(field: str, key: str) -> str:
    """Returns the path of an argument in a config or call, such as "config.model.beta"."""
    return f"{field}.{key}" if field else key
