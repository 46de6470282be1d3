"""Which failures are tried again, and when: signatures are functions, so that is always safe."""

from __future__ import annotations

import json
import random

MOST_RETRIES = 4  # gRPC makes at most five attempts, whatever it is told.
_FIRST_DELAY = 0.2  # seconds
_LONGEST_DELAY = 2.0
_FACTOR = 2.0
_JITTER = 0.2  # gRPC's own


def check(retries: int) -> None:
    """Raises ValueError where retries is out of range."""
    if not 0 <= retries <= MOST_RETRIES:
        raise ValueError(f"retries={retries} must be from 0, for none, to {MOST_RETRIES}")


def delay(attempt: int) -> float:
    """Seconds to wait after the failed attempt of this number, from 0."""
    seconds = min(_FIRST_DELAY * _FACTOR**attempt, _LONGEST_DELAY)
    return seconds * random.uniform(1 - _JITTER, 1 + _JITTER)


def service_config(retries: int) -> str:
    """The same as gRPC's own policy, for every method, within the time of the call.

    A message above the server's limit is RESOURCE_EXHAUSTED too, as overload is: it is refused
    after the retries, for the policy knows codes only.
    """
    policy = {
        "maxAttempts": retries + 1,
        "initialBackoff": f"{_FIRST_DELAY}s",
        "maxBackoff": f"{_LONGEST_DELAY}s",
        "backoffMultiplier": _FACTOR,
        "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
    }
    return json.dumps({"methodConfig": [{"name": [{}], "retryPolicy": policy}]})
