"""Checks of arguments, their error messages, and the arguments of constructors."""

import difflib
import inspect
from collections.abc import Iterable
from numbers import Integral


def require_positive(argument: str, value: float) -> None:
    """Raises ValueError if a size or scale is not positive."""
    if not value > 0:
        raise ValueError(f"{argument} is {value}; it must be above 0")


def require_at_least(minimum: int, **values: int) -> None:
    """Raises ValueError for the first of `values` that is not a whole number >= `minimum`."""
    for name, value in values.items():
        if not isinstance(value, Integral):
            raise ValueError(f"{name} is {value!r}; it must be a whole number")
        if value < minimum:
            raise ValueError(f"{name} is {value}; it must be at least {minimum}")


def constructor_arguments(cls: type) -> dict[str, inspect.Parameter]:
    """Returns the arguments of a constructor by name, those of base classes first.

    If a constructor has **kwargs, the arguments of its base class are included.
    """
    found: list[dict[str, inspect.Parameter]] = []
    for base in cls.__mro__:
        if "__init__" not in base.__dict__:
            continue
        _, *parameters = inspect.signature(base.__dict__["__init__"]).parameters.values()
        variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        found.append({p.name: p for p in parameters if p.kind not in variadic})
        if not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
            break
    arguments: dict[str, inspect.Parameter] = {}
    for named in reversed(found):
        arguments |= named
    return arguments


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """Returns the end of an error message: the valid name closest to `name`, then all of them."""
    valid = sorted(valid)
    close = difflib.get_close_matches(name, valid, n=1, cutoff=0.4)
    guess = f"did you mean {close[0]!r}? " if close else ""
    return f"{guess}valid: {', '.join(valid)}"
