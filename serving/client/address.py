"""Addresses of servers: `host:port` for gRPC, or the URL of the REST API."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple
from urllib.parse import urlsplit

# Name schemes of gRPC that stay on this machine.
_LOCAL = ("unix:", "unix-abstract:")
_RESOLVERS = ("dns:", "ipv4:", "ipv6:", "xds:", *_LOCAL)


class Address(NamedTuple):
    """The address of a server.

    Attributes:
        text: The address as given.
        scheme: `grpc`, `http` or `https`.
        host: Host name or IP address; empty for gRPC's own name schemes, such as `dns:`.
        port: Port; None for the default of the scheme and for gRPC's own name schemes.
        path: Path of a URL before `/v1`.
    """

    text: str
    scheme: str
    host: str = ""
    port: int | None = None
    path: str = ""

    @property
    def is_loopback(self) -> bool:
        """Whether requests to the address stay on this machine."""
        if self.text.startswith(_LOCAL):
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def parse(text: str) -> Address:
    """Parses an address.

    Raises:
        ValueError: The text is not an address.
    """
    scheme, separator, _ = text.partition("://")
    if not separator or text.startswith(_RESOLVERS):
        return _grpc(text)
    if scheme not in ("http", "https"):
        raise ValueError(
            f"address={text!r} must be host:port for gRPC, or http:// or https:// for REST"
        )
    parts, port = _split(text, text)
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError(f"address={text!r} must be a host, a port and a path, nothing else")
    path = parts.path.rstrip("/")
    if path.endswith("/v1/models") or path == "/v1":
        raise ValueError(f"address={text!r} must end before /v1, which the client adds")
    return Address(text, scheme, parts.hostname or "", port, path)


def _grpc(text: str) -> Address:
    if text.startswith(_RESOLVERS):
        return Address(text, "grpc")
    parts, port = _split(f"//{text}", text)
    if port is None or parts.path or "@" in text:
        raise ValueError(
            f"address={text!r} must be host:port, such as localhost:8500, or http:// or "
            "https:// for REST"
        )
    return Address(text, "grpc", parts.hostname or "", port)


def _split(url: str, text: str):
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"address={text!r} cannot be read: {error}") from error
    if not parts.hostname or port == 0:
        raise ValueError(f"address={text!r} has no {'host' if port != 0 else 'port'}")
    return parts, port
