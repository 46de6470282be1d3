"""What a method asks of the server, whichever way it is sent.

A method is a generator: it yields the calls that it needs, is sent their answers, and returns its
result; a failed call is thrown into it. So a blocking and an asynchronous client share it.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

T = TypeVar("T")


class Predict(NamedTuple):
    """Runs a signature; answered by output names to arrays."""

    signature: str
    inputs: Mapping[str, np.ndarray]
    output_filter: Sequence[str] = ()


class GetSignatures(NamedTuple):
    """Asks for the signatures; answered by `Signatures`."""


class GetStatus(NamedTuple):
    """Asks for the versions; answered by version to (state, error message).

    Attributes:
        wait: Seconds in which a server that is not there yet may come; None allows none.
    """

    wait: float | None = None


class Sleep(NamedTuple):
    """Lets time pass; answered by None."""

    seconds: float


Call = Predict | GetSignatures | GetStatus | Sleep
CallGenerator = Generator[Sequence[Call], list[Any], T]

# ModelVersionStatus.State.
STATES = {0: "UNKNOWN", 10: "START", 20: "LOADING", 30: "AVAILABLE", 40: "UNLOADING", 50: "END"}
