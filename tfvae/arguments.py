"""Arguments that callers give: checks, errors, and the names that a constructor takes."""

import difflib
import inspect
from collections.abc import Iterable
from numbers import Integral


def require_positive(argument: str, value: float) -> None:
    """Raises ValueError if a size or scale is not positive."""
    if not value > 0:
        raise ValueError(f"{argument} is {value}; it must be above 0")


def require_at_least(minimum: int, **values: int) -> None:
    """Raises ValueError naming the first of `values` that is no whole number >= `minimum`."""
    for name, value in values.items():
        if not isinstance(value, Integral):
            raise ValueError(f"{name} is {value!r}; it must be a whole number")
        if value < minimum:
            raise ValueError(f"{name} is {value}; it must be at least {minimum}")


def constructor_arguments(cls: type) -> dict[str, inspect.Parameter]:
    """Returns the arguments of a constructor by name, the bases' first.

    The arguments that **kwargs passes on to a base's constructor are those of the base, too.
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
