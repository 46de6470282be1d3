"""Where the server is: `host:port` of its gRPC, or the URL of its REST API."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple
from urllib.parse import urlsplit

# Of gRPC's own names, those that never leave the machine.
_LOCAL = ("unix:", "unix-abstract:")
_RESOLVERS = ("dns:", "ipv4:", "ipv6:", "xds:", *_LOCAL)


class Address(NamedTuple):
    """An address.

    Attributes:
        text: As it was given.
        scheme: `grpc`, `http` or `https`.
        host: The host's name or number; empty where gRPC resolves a name of its own.
        port: The port; None is the scheme's, or where gRPC resolves the name.
        path: Path before `/v1`, of a URL.
    """

    text: str
    scheme: str
    host: str = ""
    port: int | None = None
    path: str = ""

    @property
    def is_loopback(self) -> bool:
        """Whether what is sent there stays on this machine."""
        if self.text.startswith(_LOCAL):
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def parse(text: str) -> Address:
    """Reads an address.

    Raises:
        ValueError: It is none.
    """
    scheme, separator, _ = text.partition("://")
    if not separator or text.startswith(_RESOLVERS):
        return _grpc(text)
    if scheme not in ("http", "https"):
        raise ValueError(
            f"address={text!r} must be host:port for gRPC, or begin http:// or https:// for REST"
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
            f"address={text!r} must be host:port, such as localhost:8500, or begin http:// or "
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
