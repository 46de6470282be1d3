"""Calls to the server, independent of the transport.

A client method is a generator: it yields calls, receives their answers, and returns its result; the
error of a failed call is thrown into it. The blocking and the asynchronous client share these
generators.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

T = TypeVar("T")


class Predict(NamedTuple):
    """Runs a signature. Answer: output name to array."""

    signature: str
    inputs: Mapping[str, np.ndarray]
    output_filter: Sequence[str] = ()


class GetSignatures(NamedTuple):
    """Fetches the signatures. Answer: `Signatures`."""


class GetStatus(NamedTuple):
    """Fetches the states of the versions. Answer: version to (state, error message).

    Attributes:
        wait: Seconds to wait for an unreachable server; None does not wait.
    """

    wait: float | None = None


class Sleep(NamedTuple):
    """Pauses. Answer: None."""

    seconds: float


Call = Predict | GetSignatures | GetStatus | Sleep
CallGenerator = Generator[Sequence[Call], list[Any], T]

# ModelVersionStatus.State.
STATES = {0: "UNKNOWN", 10: "START", 20: "LOADING", 30: "AVAILABLE", 40: "UNLOADING", 50: "END"}
