"""Checks of numbers that callers give."""


def require_positive(argument: str, value: float) -> None:
    """Raises ValueError where a size or scale is not positive."""
    if not value > 0:
        raise ValueError(f"{argument} is {value}; it must be above 0")


def require_at_least(least: int, **numbers: int) -> None:
    """Raises ValueError naming the first of `numbers` that is below `least`."""
    for name, number in numbers.items():
        if number < least:
            raise ValueError(f"{name} is {number}; it must be at least {least}")
