"""A client for a served model; needs NumPy, grpcio and protobuf, and no TensorFlow."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .async_client import AsyncClient
    from .client import Client
    from .rest_error import RestError

__all__ = ["AsyncClient", "Client", "RestError"]

_MODULES = {"AsyncClient": "async_client", "Client": "client", "RestError": "rest_error"}


def __getattr__(name: str):
    """Imports a class when it is first used: the program starts before NumPy and gRPC are there."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)
