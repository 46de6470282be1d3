"""Binds the ports of the server, before slow imports, so that a port in use is reported at once."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import grpc

from serving.net.overload import CountingPool


class PortError(Exception):
    """An address cannot be bound; the message says why and what to do."""


def address(host: str, port: int) -> str:
    """Returns `host:port`, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def channel_arguments(text: str) -> dict[str, int | str]:
    """Parses gRPC channel arguments, `name=value` separated by commas.

    Raises:
        PortError: An argument has no `=`.
    """
    arguments: dict[str, int | str] = {}
    for item in filter(None, text.split(",")):
        name, separator, value = item.partition("=")
        if not separator:
            raise PortError(f"--grpc_channel_arguments has {item!r}; write name=value")
        arguments[name] = int(value) if value.removeprefix("-").isdecimal() else value
    return arguments


def bind_grpc(
    host: str,
    port: int,
    credentials: grpc.ServerCredentials | None,
    pool: CountingPool,
    interceptors: Sequence[grpc.ServerInterceptor],
    options: dict[str, int | str],
) -> tuple[grpc.Server, int]:
    """Creates a gRPC server, bound to a port but not started, without services.

    Args:
        host: Address to listen on.
        port: Port; 0 picks a free one.
        credentials: TLS credentials; None serves plain text.
        pool: Threads that run the requests.
        interceptors: Interceptors, in order.
        options: gRPC channel arguments.

    Returns:
        The server and its port.

    Raises:
        PortError: The address cannot be bound.
    """
    # With SO_REUSEPORT two servers could share a port and each answer some of the requests.
    options = {"grpc.so_reuseport": 0, **options}
    server = grpc.server(pool, interceptors=interceptors, options=list(options.items()))
    try:
        if credentials is None:
            bound = server.add_insecure_port(address(host, port))
        else:
            bound = server.add_secure_port(address(host, port), credentials)
    except RuntimeError as error:
        raise _port_error("port", host, port, error) from error
    if bound == 0:  # Older versions of gRPC do not raise.
        raise _port_error("port", host, port, "gRPC could not bind it")
    return server, bound


def bind_rest(host: str, port: int) -> socket.socket:
    """Creates a listening socket for REST.

    Raises:
        PortError: The address cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise _port_error("rest_api_port", host, port, error) from error
    return listener


def _port_error(flag: str, host: str, port: int, reason: object) -> PortError:
    return PortError(
        f"cannot listen on {address(host, port)}: {reason}; if the port is in use, choose "
        f"another --{flag}"
    )
