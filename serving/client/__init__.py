"""A client for a served model; needs NumPy, grpcio and protobuf, and no TensorFlow."""

from serving.client.client import Client

__all__ = ["Client"]
