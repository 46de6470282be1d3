"""A client for a served model; needs NumPy, grpcio and protobuf, and no TensorFlow."""

from .async_client import AsyncClient
from .client import Client
from .rest_error import RestError

__all__ = ["AsyncClient", "Client", "RestError"]
