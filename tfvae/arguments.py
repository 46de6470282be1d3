"""Checks of numbers that callers give."""

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
