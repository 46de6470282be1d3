"""When to retry failed requests. Signatures are functions without side effects, so it is safe."""

from __future__ import annotations

import json
import random

MOST_RETRIES = 4  # gRPC makes at most five attempts.
_FIRST_DELAY = 0.2  # seconds
_LONGEST_DELAY = 2.0
_FACTOR = 2.0
_JITTER = 0.2  # As in gRPC.


def check(retries: int) -> None:
    """Raises ValueError if retries is out of range."""
    if not 0 <= retries <= MOST_RETRIES:
        raise ValueError(f"retries={retries} must be from 0 to {MOST_RETRIES}")


def delay(attempt: int) -> float:
    """Returns the seconds to wait after failed attempt number `attempt`, counted from 0."""
    seconds = min(_FIRST_DELAY * _FACTOR**attempt, _LONGEST_DELAY)
    return seconds * random.uniform(1 - _JITTER, 1 + _JITTER)


def service_config(retries: int) -> str:
    """Returns the retry policy as gRPC's service config, for all methods.

    A message above the server's limit fails with RESOURCE_EXHAUSTED, as overload does. It is
    therefore retried too: gRPC's policy can only distinguish codes.
    """
    policy = {
        "maxAttempts": retries + 1,
        "initialBackoff": f"{_FIRST_DELAY}s",
        "maxBackoff": f"{_LONGEST_DELAY}s",
        "backoffMultiplier": _FACTOR,
        "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
    }
    return json.dumps({"methodConfig": [{"name": [{}], "retryPolicy": policy}]})
