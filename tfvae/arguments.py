"""Checks of arguments that callers give, and what their errors say."""

import difflib
from collections.abc import Iterable
from numbers import Integral


def require_positive(argument: str, value: float) -> None:
    """Raises ValueError where a size or scale is not positive."""
    if not value > 0:
        raise ValueError(f"{argument} is {value}; it must be above 0")


def require_at_least(least: int, **numbers: int) -> None:
    """Raises ValueError naming the first of `numbers` that is no whole number from `least` on."""
    for name, number in numbers.items():
        if not isinstance(number, Integral):
            raise ValueError(f"{name} is {number!r}; it must be a whole number")
        if number < least:
            raise ValueError(f"{name} is {number}; it must be at least {least}")


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """Returns the end of an error message: the valid name closest to `name`, then all of them."""
    valid = sorted(valid)
    close = difflib.get_close_matches(name, valid, n=1, cutoff=0.4)
    guess = f"did you mean {close[0]!r}? " if close else ""
    return f"{guess}valid: {', '.join(valid)}"
